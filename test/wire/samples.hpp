#pragma once

#include <string>
#include <vector>

#include "scaler/wire/messages.hpp"

namespace scaler::wire {

// An id whose bytes are first, first + 1, ...
template <class Id>
Id id_from(int first) {
  Id id;
  for (std::byte& byte : id.bytes) byte = static_cast<std::byte>(first++);
  return id;
}

Task full_task();  // two arguments, one of each type, and two capabilities

// One message of each kind with every field set to something that is not its default, in the order
// of the union; worker manager commands in all three dialects.
std::vector<Message> full_samples();

// Every kind that may carry copies, with some, and without.
std::vector<Message> carrying_samples();

// One message of each kind as it is constructed: empty lists, empty blobs, zeros.
std::vector<Message> default_samples();

// The dialect by which a message must be read; v2_0 for all that are no commands.
ManagerDialect dialect_of(const Message& message);

}  // namespace scaler::wire
