#pragma once

#include <string>

#include "embed/cpython/zygote.hpp"

// Tasks under another CPython, 3.8 or later: its process becomes the zygote, with the native part
// from a module that this program carries, and the Python part from what it carries anyway. Both
// travel as memory files, so that the other interpreter needs nothing installed.
namespace scaler::embed {

// The module's file, unpacked; empty in builds without it.
std::string foreign_module_file();

// Executes options.python in this process. Comes back only with what went wrong.
Error become_foreign_zygote(const ZygoteOptions& options);

}  // namespace scaler::embed
