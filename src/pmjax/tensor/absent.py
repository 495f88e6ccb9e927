"""Names of PyTensor that are left out, each with the reason."""

from __future__ import annotations

_COMPLEX = "variables are real; write the real and imaginary parts as two variables"
_RANDOM = "random numbers come from distributions: pm.Normal.dist(...), pm.draw"
_INTERNAL = "a part of PyTensor's compiler; pmjax compiles with JAX"

ABSENT: dict[str, str] = {
    "random": _RANDOM,
    "RandomStream": _RANDOM,
    **dict.fromkeys(("complex", "complex_from_polar"), _COMPLEX),
    **dict.fromkeys(
        (
            *(
                "Op",
                "Apply",
                "NoneConst",
                "NoneSliceConst",
                "none_type_t",
                "slicetype",
                "make_slice",
                "symbolic",
                "transfer",
            ),
            *(
                "blas",
                "blockwise",
                "elemwise",
                "elemwise_cgen",
                "rewriting",
                "sharedvar",
                "subtensor",
                "type_other",
                "utils",
            ),
            *(
                "scalar_from_tensor",
                "tensor_from_scalar",
                "values_eq_approx_always_true",
                "variable",
                "functional",
            ),
            *(
                "get_scalar_constant_value",
                "get_underlying_scalar_constant_value",
                "optimize",
                "exceptions",
                "type",
            ),
        ),
        _INTERNAL,
    ),
    **dict.fromkeys(
        ("signal", "interpolate"), "lift JAX's function with pm.lift (jax.numpy.convolve, jax.numpy.interp)"
    ),
    **dict.fromkeys(
        ("betaincinv", "gammaincinv", "gammainccinv", "hyp1f1", "j0", "j1", "jv", "owens_t", "ndtri_exp"),
        "JAX has no such function in double precision; lift your own with pm.lift",
    ),
    "vectorize": "write the function for stacks of arrays, or lift jax.vmap of it with pm.lift",
    "pack": "concatenate the flattened arrays (flatten_list)",
    "unpack": "split the vector and reshape its parts",
    "allclose": "a condition is a variable; compare isclose(a, b).all().eval()",
}
