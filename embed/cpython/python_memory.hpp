#pragma once

namespace scaler::embed {

// From now on Python's large blocks come from base/large_blocks: an argument or a result of 50 MB
// is written once, and what the pages cost when they are first touched would be most of it. Between
// preparing Python and starting it.
void give_python_large_blocks();

}  // namespace scaler::embed
