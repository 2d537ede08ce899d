#pragma once

namespace scaler {

// Called once before a failed assertion is reported, such as to give back a terminal that would not
// show the report. Null: nothing. Gives what was there before.
using AssertionHook = void (*)();
AssertionHook set_assertion_hook(AssertionHook hook);

}  // namespace scaler
