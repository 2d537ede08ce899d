#pragma once

#include <capnp/message.h>
#include <capnp/serialize.h>

#include "scaler/base/bytes.hpp"

namespace scaler::wire {

// What a builder holds, as one frame.
inline Bytes flat(capnp::MessageBuilder& builder) {
  const kj::Array<capnp::word> words = capnp::messageToFlatArray(builder);
  const auto bytes = words.asBytes();
  return Bytes::copy_of(ByteView{reinterpret_cast<const std::byte*>(bytes.begin()), bytes.size()});
}

}  // namespace scaler::wire
