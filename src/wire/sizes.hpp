#pragma once

#include <cstddef>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {

// How many words the message takes as one segment, root pointer included. Exact: encode() makes
// room for these words and asserts that it has filled them.
std::size_t words_needed(const Message& message);

}  // namespace scaler::wire
