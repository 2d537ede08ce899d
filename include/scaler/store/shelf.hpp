#pragma once

#include <cstdint>
#include <optional>

#include "scaler/base/bytes.hpp"

namespace scaler::store {

// Where contents lie that memory has no room for, by the number their owner gave them.
class Shelf {
 public:
  virtual ~Shelf() = default;
  // False: there is no room, or the device failed; nothing was kept then.
  virtual bool put(std::uint32_t number, ByteView bytes) = 0;
  // The first `length` bytes of what was put; nothing when the device failed.
  virtual std::optional<Bytes> first(std::uint32_t number, std::size_t length) = 0;
  virtual void drop(std::uint32_t number) = 0;
};

}  // namespace scaler::store
