#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "scaler/client/client_core.hpp"

namespace scaler::client {

// The arguments of a task. One, which is what most tasks have, lies within: so a record that lives
// as long as its task is one block, and not a second one among all that comes and goes.
class ArgumentList {
 public:
  ArgumentList() = default;
  explicit ArgumentList(std::vector<TaskArgument>&& arguments) {
    if (arguments.size() == 1) {
      content_.one = arguments.front();
      content_.kind = Kind::one;
    } else if (arguments.size() > 1) {
      content_.many = std::bit_cast<Address>(new std::vector(std::move(arguments)));
      content_.kind = Kind::many;
    }
  }
  ArgumentList(ArgumentList&& other) noexcept : content_(std::exchange(other.content_, {})) {}
  ArgumentList& operator=(ArgumentList&& other) noexcept {
    std::swap(content_, other.content_);
    return *this;
  }
  ~ArgumentList() {
    if (content_.kind == Kind::many) delete many();
  }

  std::span<const TaskArgument> view() const {
    if (content_.kind == Kind::none) return {};
    if (content_.kind == Kind::one) return {&content_.one, 1};
    return *many();
  }

 private:
  enum class Kind : std::uint8_t { none, one, many };
  using Address = std::array<std::byte, sizeof(std::vector<TaskArgument>*)>;  // without alignment
  struct Content {
    Content() : many() {}
    union {
      TaskArgument one;
      Address many;  // a vector that is ours
    };
    Kind kind = Kind::none;
  };

  std::vector<TaskArgument>* many() const {
    return std::bit_cast<std::vector<TaskArgument>*>(content_.many);
  }

  Content content_;
};
static_assert(sizeof(ArgumentList) == sizeof(TaskArgument) + 1);

}  // namespace scaler::client
