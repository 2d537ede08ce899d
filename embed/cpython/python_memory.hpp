#pragma once

namespace scaler::embed {

// From now on Python's large blocks ask for large pages: an argument or a result of 50 MB is
// written once, and small pages would make that three times as slow. Between preparing Python and
// starting it.
void prefer_large_pages_in_python();

}  // namespace scaler::embed
