"""The whole engine on targets with known answers, and what must not change its draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from pmjax.inference.nuts import metric, schedule
from pmjax.inference.nuts.sample import sample_nuts
from pmjax.inference.reference import PythonNUTS
from pmjax.results.convergence import metric_advice
from pmjax.run.starts import StartError
from pmjax.runtime import programs
from pmjax.runtime.cache_folder import cache_folder

from ..densities import covariance, drawn_by, gaussian, student_t, with_holes


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory, monkeypatch):
    monkeypatch.setenv("PMJAX_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "programs"))


def sample(density, **arguments):
    starts = np.random.default_rng(0).normal(size=(arguments.get("chains", 4), density.size))
    return sample_nuts(density, starts, **{"seed": 1, "progressbar": False, **arguments})


def ess(x: np.ndarray) -> float:
    """Effective sample size of (chains, draws) by Geyer's initial monotone positive sequence."""
    m, n = x.shape
    centred = x - x.mean(axis=1, keepdims=True)
    f = np.fft.rfft(centred, 2 * n, axis=1)
    autocovariance = np.fft.irfft(f * f.conj(), axis=1)[:, :n].mean(axis=0) / n
    within = autocovariance[0] * n / (n - 1)
    total = within * (n - 1) / n + (x.mean(axis=1).var(ddof=1) if m > 1 else 0.0)
    rho = 1 - (within - autocovariance) / total
    pairs = rho[0 : n - 1 : 2] + rho[1:n:2]
    positive = pairs[: np.argmax(pairs < 0)] if np.any(pairs < 0) else pairs
    return m * n / max(-1 + 2 * np.minimum.accumulate(positive).sum(), 1 / np.log10(m * n))


def assert_mean(x: np.ndarray, expected: float) -> None:
    """Compare the mean of (chains, draws) with its expectation at 5 Monte Carlo standard errors."""
    assert abs(x.mean() - expected) < 5 * x.std() / np.sqrt(ess(x)), (x.mean(), expected, ess(x))


@pytest.mark.parametrize("metric", ["diag", "low_rank", "dense"])
@pytest.mark.parametrize("size", [1, 10, 100])
def test_gaussian_moments(size, metric):
    trace = sample(gaussian(size), draws=1000, tune=600, metric=metric)
    x = trace.posterior.outputs["x"]
    assert x.shape == (4, 1000, size)
    mean = np.arange(1, size + 1) / size
    cov = covariance(size)
    for i in {0, size // 2, size - 1}:
        assert_mean(x[..., i], mean[i])
        assert_mean((x[..., i] - mean[i]) ** 2, cov[i, i])
        j = (i + 1) % size
        assert_mean((x[..., i] - mean[i]) * (x[..., j] - mean[j]), cov[i, j])
    assert not trace.posterior.stats["diverging"].any()
    assert trace.posterior.stats["acceptance_rate"].mean() == pytest.approx(0.8, abs=0.12)


def test_the_metric_that_is_advised_makes_trajectories_short():
    # Scales of sqrt(1.9995) and sqrt(0.0005): to cross the long one takes some 63 steps as long as the other.
    precision = np.linalg.inv([[1.0, 0.9995], [0.9995, 1.0]])
    pair = replace(gaussian(2), data={"mean": np.zeros(2), "precision": precision})
    diagonal, low_rank = (sample(pair, metric=metric) for metric in ("diag", "low_rank"))
    left = float(metric_advice(diagonal, ["x"]).split("only ")[1].split("% of the variance of x[")[0])
    assert left == pytest.approx(100 * (1 - 0.9995**2), rel=0.3)
    assert metric_advice(low_rank, ["x"]) == ""
    assert low_rank.posterior.stats["n_steps"].mean() < 8 < diagonal.posterior.stats["n_steps"].mean()


@pytest.mark.parametrize(("target", "tune"), [(0.6, 1000), (0.8, 1000), (0.9, 1000), (0.8, 200)])
def test_draws_are_accepted_as_often_as_asked_for(target, tune):
    """The average of step sizes that swing would be too low a step, which accepts more than the target."""
    trace = sample(gaussian(10), draws=1000, tune=tune, target_accept=target)
    assert trace.posterior.stats["acceptance_rate"].mean() == pytest.approx(target, abs=0.05)


def test_float32():
    trace = sample(gaussian(10), precision="float32", draws=1000, tune=600)
    x = trace.posterior.outputs["x"]
    assert x.dtype == np.float32
    x = x.astype(float)
    assert_mean(x[..., 9], 1.0)
    assert_mean((x[..., 9] - 1) ** 2, 4.0)


def test_student_t_tails():
    trace = sample(student_t(3, 5.0), draws=4000, tune=600)
    for k in range(3):
        x = trace.posterior.outputs["x"][..., k]
        for q in (0.005, 0.05, 0.5, 0.95, 0.995):
            assert_mean((x < stats.t(5).ppf(q)).astype(float), q)


def test_python_sampler_agrees():
    starts = np.zeros((2, 3))
    trace = drawn_by(PythonNUTS(), gaussian(3), starts, draws=600, tune=300, seed=3)
    x = trace.posterior.outputs["x"]
    for i in range(3):
        assert_mean(x[..., i], (i + 1) / 3)
        assert_mean((x[..., i] - (i + 1) / 3) ** 2, covariance(3)[i, i])
    assert set(trace.posterior.stats) == set(sample(gaussian(3), draws=2, tune=2).posterior.stats)


def test_draws_depend_on_seed_and_chain_alone(monkeypatch):
    density = gaussian(5)
    one = sample(density, draws=300, tune=200, cores=1)
    x = one.posterior.theta
    np.testing.assert_array_equal(x, sample(density, draws=300, tune=200, cores=2).posterior.theta)
    np.testing.assert_array_equal(
        x, sample(density, draws=300, tune=200, chain_method="sequential").posterior.theta
    )
    np.testing.assert_array_equal(
        x, sample(density, draws=300, tune=200, progressbar=True, callback=lambda chain: None).posterior.theta
    )
    # Fewer draws are the first draws; other chunk sizes give the same ones.
    np.testing.assert_array_equal(x[:, :10], sample(density, draws=10, tune=200).posterior.theta)
    monkeypatch.setattr("pmjax.inference.nuts.chain.CHUNK_SECONDS", 1e-4)
    np.testing.assert_array_equal(x, sample(density, draws=300, tune=200).posterior.theta)
    assert not np.array_equal(x, sample(density, draws=300, tune=200, seed=2).posterior.theta)
    assert not np.array_equal(x[0], x[1])


@pytest.mark.parametrize("metric", ["diag", "low_rank"])
def test_vectorized_chains_make_the_same_draws(metric):
    density = gaussian(5)
    # Rounding differs between the programs and grows from draw to draw: the first ones are compared.
    x = sample(density, draws=5, tune=8, metric=metric).posterior.theta
    batched = sample(density, draws=5, tune=8, metric=metric, chain_method="vectorized")
    np.testing.assert_allclose(batched.posterior.theta, x, rtol=1e-6, atol=1e-6)


def test_vectorized_draws_do_not_depend_on_calls(monkeypatch):
    """Calls that end in the middle of trajectories, of a single tick or of many, make the same draws."""
    arguments = {"draws": 30, "tune": 60, "metric": "low_rank", "keep_warmup": True}
    few = sample(student_t(3, 2.0), chain_method="vectorized", **arguments)
    monkeypatch.setattr("pmjax.inference.nuts.batch.CALL_SECONDS", 1e-9)
    many = sample(student_t(3, 2.0), chain_method="vectorized", **arguments)
    for one, other in ((few.warmup, many.warmup), (few.posterior, many.posterior)):
        np.testing.assert_array_equal(one.theta, other.theta)
        np.testing.assert_array_equal(one.theta, one.outputs["x"])
        np.testing.assert_array_equal(other.theta, other.outputs["x"])
        for name, values in one.stats.items():
            np.testing.assert_array_equal(values, other.stats[name])


def test_chains_of_a_batch_do_not_wait_for_longer_trajectories():
    trace = sample(
        student_t(2, 1.0), chains=16, draws=300, tune=200, keep_warmup=True, chain_method="vectorized"
    )
    steps = np.hstack([phase.stats["n_steps"] for phase in (trace.warmup, trace.posterior)])
    useful = trace.attributes["useful_ticks"]
    # In lockstep all wait for the longest trajectory of each draw; here, for the chain with the most leaves.
    lockstep = steps.mean() / steps.max(axis=0).mean()
    bound = steps.sum(axis=1).mean() / steps.sum(axis=1).max()
    assert lockstep < 0.6
    assert 0.9 * bound < useful
    assert useful > 1.3 * lockstep


def test_vectorized_moments():
    trace = sample(gaussian(10), chains=16, draws=500, tune=500, chain_method="vectorized")
    x = trace.posterior.outputs["x"]
    assert x.shape == (16, 500, 10)
    assert_mean(x[..., 9], 1.0)
    assert_mean((x[..., 9] - 1) ** 2, 4.0)


def test_low_rank_draws_do_not_depend_on_chunks(monkeypatch):
    density = gaussian(5)
    x = sample(density, draws=100, tune=300, metric="low_rank", cores=2).posterior.theta
    monkeypatch.setattr("pmjax.inference.nuts.chain.CHUNK_SECONDS", 1e-4)
    np.testing.assert_array_equal(
        x, sample(density, draws=100, tune=300, metric="low_rank", cores=1).posterior.theta
    )


def test_second_run_compiles_nothing():
    density = student_t(4, 4.0)
    sample(density, draws=20, tune=20)
    compiled = programs.Counter.compiled
    again = student_t(4, 7.0)
    sample(again, draws=33, tune=41, seed=9, target_accept=0.95, chains=3, max_treedepth=6)
    assert programs.Counter.compiled == compiled


def test_programs_are_found_in_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PMJAX_CACHE_DIR", str(tmp_path / "here"))
    density = student_t(7, 4.0)
    programs.forget_programs()
    first = sample(density, draws=20, tune=20)
    entries = sorted((tmp_path / "here").iterdir())
    assert len(entries) == 2
    programs.forget_programs()
    loaded = programs.Counter.loaded
    second = sample(density, draws=20, tune=20)
    assert programs.Counter.loaded == loaded + 2
    np.testing.assert_array_equal(first.posterior.theta, second.posterior.theta)
    # A damaged entry is replaced.
    entries[0].write_bytes(b"not a program")
    programs.forget_programs()
    third = sample(density, draws=20, tune=20)
    np.testing.assert_array_equal(first.posterior.theta, third.posterior.theta)
    assert len(entries[0].read_bytes()) > 1000
    # Without a structure the traced text is the key.
    programs.forget_programs()
    anonymous = type(density)(**{**vars(density), "structure": None})
    sample(anonymous, draws=20, tune=20)
    programs.forget_programs()
    loaded = programs.Counter.loaded
    sample(anonymous, draws=20, tune=20)
    assert programs.Counter.loaded == loaded + 2
    # The empty string switches the folder off.
    monkeypatch.setenv("PMJAX_CACHE_DIR", "")
    assert cache_folder() is None


@pytest.mark.parametrize("kind", ["nan", "minus infinity", "gradient"])
def test_what_is_not_finite_is_a_divergence(kind):
    trace = sample_nuts(
        with_holes(kind), np.zeros((2, 2)), draws=300, tune=300, chains=2, seed=1, progressbar=False
    )
    x = trace.posterior.theta
    assert np.all(np.isfinite(x))
    assert x[..., 0].max() <= 1
    assert trace.posterior.stats["diverging"].any()
    assert np.isfinite(trace.posterior.stats["lp"]).all()


def test_failing_starts_are_retried_then_reported():
    asked = []

    def starts(chain, attempt):
        asked.append(attempt)
        return np.array([2.0 if attempt < 3 else 0.0, 0.0])

    trace = sample_nuts(with_holes("nan"), starts, draws=5, tune=5, chains=1, seed=1, progressbar=False)
    assert trace.posterior.theta.shape == (1, 5, 2)
    assert asked == [0, 1, 2, 3]
    with pytest.raises(StartError, match="log density nan") as caught:
        sample_nuts(
            with_holes("nan"), np.full((1, 2), 2.0), draws=5, tune=5, chains=1, seed=1, progressbar=False
        )
    np.testing.assert_array_equal(caught.value.theta, [2.0, 2.0])


def test_hopeless_warmup_is_reported():
    def everywhere_but_the_start(theta, data, knobs):
        import jax.numpy as jnp

        return jnp.where(jnp.sum(theta**2) > 0, jnp.nan, 0.0)

    density = type(gaussian(2))(
        2, everywhere_but_the_start, lambda t, d, k, key: {}, {}, {}, ("hopeless",), ("x", "y")
    )
    with pytest.warns(UserWarning, match="warm-up of chain 0 diverged"):
        trace = sample_nuts(density, np.zeros((1, 2)), draws=50, tune=200, chains=1, progressbar=False)
    assert len(trace.warnings) == 1


def test_kept_parts():
    density = gaussian(3)
    trace = sample(density, draws=20, tune=30, keep_warmup=True)
    assert trace.warmup.theta.shape == (4, 30, 3)
    assert trace.warmup.outputs["x"].shape == (4, 30, 3)
    assert trace.gradients >= trace.warmup.stats["n_steps"].sum() + trace.posterior.stats["n_steps"].sum()
    assert np.ptp(trace.posterior.stats["step_size"], axis=1).max() == 0
    bare = sample(density, draws=20, tune=30, keep_theta=False, output_names=())
    assert bare.posterior.theta.shape == (4, 20, 0)
    assert bare.posterior.outputs == {}
    assert bare.warmup is None
    assert sample(density, draws=3, tune=0).posterior.theta.shape == (4, 3, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 0}, "draws must be at least 1"),
        ({"tune": -1}, "tune must be at least 0"),
        ({"target_accept": 1.0}, "target_accept must lie between 0 and 1"),
        ({"metric": "full"}, "metric must be one of 'diag'"),
        ({"chain_method": "magic"}, "chain_method must be one of"),
        ({"precision": "half"}, "precision must be one of"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        sample(gaussian(2), **arguments)


@pytest.mark.parametrize("chain_method", ["parallel", "vectorized"])
def test_window_hook_may_change_the_coordinates(chain_method):
    """Knobs rescale the coordinates: x = scale * theta; the posterior of x stays standard normal."""
    import jax.numpy as jnp

    density = type(gaussian(2))(
        2,
        lambda t, d, k: -0.5 * jnp.sum((k["scale"] * t) ** 2),
        lambda t, d, k, key: {"x": k["scale"] * t},
        {},
        {"scale": np.ones(2)},
        ("scaled",),
        ("x", "y"),
    )
    calls = []

    class Hook:
        settling = 10**9

        def prepare(self, chains, dtype):
            pass

        def __call__(self, theta, gradient, place, knobs):
            calls.extend([theta.shape[1]] * len(theta))
            moves = []
            for i, own in enumerate(np.asarray(knobs["scale"])):
                np.testing.assert_allclose(gradient[i], -theta[i] * own**2, rtol=1e-12)
                np.testing.assert_allclose(place[1][i], -place[0][i] * own**2, rtol=1e-12)
                scale = np.array([10.0, 0.1])
                ratio = own / scale
                here, window = ((x[i] * ratio, g[i] / ratio) for x, g in (place, (theta, gradient)))
                moves.append(({"scale": scale}, here, 0.0, window))
            return moves

    trace = sample(density, draws=1000, tune=500, window_hook=Hook(), chain_method=chain_method)
    assert len(calls) >= 4
    x = trace.posterior.outputs["x"]
    for i in range(2):
        assert_mean(x[..., i], 0.0)
        assert_mean(x[..., i] ** 2, 1.0)
    np.testing.assert_allclose(x / trace.posterior.theta, np.broadcast_to([10.0, 0.1], x.shape), rtol=1e-12)


def test_a_flat_slope_does_not_stretch_the_metric():
    """Gradients that are all alike have no variance: the slope itself must bound the scale."""
    rng = np.random.default_rng(0)
    estimate = metric.begin_estimate(2, np.dtype(float))
    draws = rng.normal(size=(10, 2))
    gradients = np.column_stack([np.ones(10), -draws[:, 1]])
    for x, g in zip(draws, gradients, strict=True):
        estimate = metric.update_estimate(estimate, x, g, np.bool_(True), np.bool_(False))
    sigma = metric.fisher_sigma(estimate.foreground, np.zeros(2))
    np.testing.assert_allclose(sigma[0] ** 4, draws[:, 0].var(), rtol=1e-5)
    at_once = metric.estimate_of(draws, gradients, np.dtype(float)).foreground
    for one, other in zip(at_once, estimate.foreground, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


def test_coordinates_may_change_early_and_at_the_end_of_windows():
    flags = schedule.warmup_flags(1000)
    assert schedule.move_ends(flags).tolist() == [10, 20, 40, 80, 160, 300, 380, 500]
    assert schedule.move_ends(schedule.warmup_flags(0)).tolist() == []


@pytest.mark.parametrize("kind", ["low_rank", "dense"])
def test_strong_correlations_are_seen_in_a_window(kind):
    """The whitened covariance of a fitted metric has eigenvalues near 1, where it had one of 0.0002."""
    size, n = 5, 120
    covariance = np.full((size, size), 0.999) + 0.001 * np.eye(size)
    draws = np.random.default_rng(0).multivariate_normal(np.zeros(size), covariance, n)
    start = metric.METRICS[kind].initial(np.ones(size))
    fitted = metric.METRICS[kind].fit(draws, -np.linalg.solve(covariance, draws.T).T, start)
    L = np.column_stack([metric.METRICS[kind].unwhiten(fitted, e) for e in np.eye(size)])
    whitened = np.linalg.solve(L, np.linalg.solve(L, covariance).T)
    eigenvalues = np.linalg.eigvalsh(whitened)
    assert eigenvalues.min() > 0.5
    assert eigenvalues.max() < 2


def test_a_direction_without_a_density_does_not_break_a_dense_metric() -> None:
    """A coordinate that nothing informs wanders off; its scale takes all digits of the covariance."""
    rng = np.random.default_rng(0)
    theta, gradient = rng.normal(size=(2, 200, 3))
    theta[:, 2], gradient[:, 2] = 1e9 * np.arange(200), 0.0
    theta[:, 0] += 1e-9 * theta[:, 2]
    for kind in ("low_rank", "dense"):
        fitted = metric.METRICS[kind].fit(theta, gradient, metric.METRICS[kind].initial(np.ones(3)))
        assert all(np.all(np.isfinite(part)) for part in fitted)


@pytest.mark.parametrize("kind", ["low_rank", "dense"])
@pytest.mark.parametrize("spread", [1e-12, 1e-6, 1e6, 1e12])
def test_scales_beyond_the_digits_there_are_break_no_metric(kind: str, spread: float) -> None:
    """Windows of a chain that climbs a steep slope: a line of draws, gradients of one direction."""
    for seed in range(20):
        rng, n = np.random.default_rng(seed), 10
        theta = spread * rng.normal(size=(n, 5)) + np.outer(np.linspace(0, 1e4, n), rng.normal(size=5))
        gradient = 1e-3 * rng.normal(size=(n, 5)) + 1e8 * np.outer(rng.normal(size=n), rng.normal(size=5))
        fitted = metric.METRICS[kind].fit(theta, gradient, metric.METRICS[kind].initial(np.ones(5)))
        assert all(np.all(np.isfinite(part)) for part in fitted)
