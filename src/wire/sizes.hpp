#pragma once

#include <cstddef>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {

// How many words the message takes as one segment, root pointer included. Exact: encode() makes
// room for these words and asserts that it has filled them.
std::size_t words_needed(const Message& message);

// Whether a command in the older layout carries its last list: not when it is empty and the command
// is about something else. 2.2 leaves it null then, and 2.0 has no place for it.
bool has_wishes(const WorkerManagerCommand& command);

// Whether a command is the question that managers of all releases survive (messages.hpp).
bool is_probe(const WorkerManagerCommand& command);

}  // namespace scaler::wire
