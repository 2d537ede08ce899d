#pragma once

#include <capnp/list.h>

#include <string>
#include <type_traits>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/result.hpp"

namespace scaler::wire {

// What the readers of all messages share: values of the schema to values of ours, checked. The
// first fault is kept and ends every loop; what is read after it is thrown away, so readers need
// not ask after each field. One Decoder serves one frame.
class Decoder {
 public:
  explicit Decoder(const Bytes& frame);

  void name_kind(const char* kind) { kind_ = kind; }  // for the text of errors
  const char* kind() const { return kind_; }
  void fail(const char* field, const std::string& problem);
  bool failed() const { return !problem_.empty(); }
  Error error() const;

  // A slice of the frame; a copy for the rare bytes that are not in it.
  Bytes bytes(capnp::Data::Reader from) const;
  static std::string text(capnp::Text::Reader from) { return {from.begin(), from.size()}; }

  template <class Id>
  Id id(capnp::Data::Reader from, const char* field) {
    const ByteView view{reinterpret_cast<const std::byte*>(from.begin()), from.size()};
    if (auto id = Id::from(view)) return *id;
    fail(field, std::to_string(from.size()) + " bytes instead of " + std::to_string(Id::size));
    return {};
  }

  template <class Enum, class Wire>
  Enum enumerator(Wire from, Enum last, const char* field) {
    const auto value = static_cast<std::uint16_t>(from);
    if (value <= static_cast<std::uint16_t>(last)) return static_cast<Enum>(value);
    fail(field, "unknown value " + std::to_string(value));
    return {};
  }

  // convert(element) for each element of a list.
  template <class List, class Convert>
  auto list(const List& from, const char* field, Convert convert) {
    std::vector<std::decay_t<decltype(convert(from[0]))>> to;
    if (!admit(from.size(), field)) return to;
    to.reserve(from.size());
    for (unsigned i = 0; i < from.size() && !failed(); ++i) to.push_back(convert(from[i]));
    return to;
  }

  template <class Id>
  std::vector<Id> ids(capnp::List<capnp::Data>::Reader from, const char* field) {
    return list(from, field, [&](capnp::Data::Reader id_bytes) { return id<Id>(id_bytes, field); });
  }
  std::vector<Bytes> blobs(capnp::List<capnp::Data>::Reader from, const char* field) {
    return list(from, field, [&](capnp::Data::Reader blob) { return bytes(blob); });
  }

 private:
  // An element of a list takes at least a word of an honest frame (an enum a quarter, rounded down
  // here in the peer's favour). So all lists together have at most as many elements as there are
  // words, and what a frame makes us allocate stays a small multiple of its size.
  bool admit(std::size_t elements, const char* field);

  const Bytes& frame_;
  std::size_t elements_left_;
  const char* kind_ = "message";
  const char* field_ = "";
  std::string problem_;
};

}  // namespace scaler::wire
