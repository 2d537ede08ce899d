#pragma once

// `_scaler_native` as a builtin module: what processors ask, and the Python sources that the
// program carries.
namespace scaler::embed {

void register_native_module();  // before the interpreter starts

}  // namespace scaler::embed
