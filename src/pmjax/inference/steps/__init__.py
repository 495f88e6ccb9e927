"""Steps that take turns: what NUTS cannot move is moved by Gibbs, Metropolis and slice steps around it."""
