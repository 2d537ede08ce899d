#pragma once

#include <cstddef>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {

// How many words the message takes as one segment, root pointer included. Exact: encode() makes
// room for these words and asserts that it has filled them.
std::size_t words_needed(const Message& message);

// Whether a command in the older layout carries its last list: only with the one command that is
// about it. 2.2 leaves it null otherwise, and 2.0 has no place for it.
bool has_wishes(const WorkerManagerCommand& command);

}  // namespace scaler::wire
