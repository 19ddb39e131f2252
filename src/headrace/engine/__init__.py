"""The planner: `step(state, event) -> Decision`, pure; `state.apply(changes)` is the only mutation."""
