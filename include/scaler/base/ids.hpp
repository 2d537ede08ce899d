#pragma once

#include <array>
#include <compare>
#include <cstring>
#include <functional>
#include <optional>
#include <string>

#include "scaler/base/bytes.hpp"

namespace scaler {

std::string to_hex(ByteView view);

// A binary id of a fixed length. Two kinds never mix: the tag makes them different types.
template <class Tag, std::size_t Size>
struct FixedId {
  static constexpr std::size_t size = Size;
  std::array<std::byte, Size> bytes{};

  static std::optional<FixedId> from(ByteView view) {
    if (view.size() != Size) return std::nullopt;
    FixedId id;
    std::memcpy(id.bytes.data(), view.data(), Size);
    return id;
  }
  ByteView view() const { return bytes; }
  std::string hex() const { return to_hex(bytes); }
  friend bool operator==(const FixedId&, const FixedId&) = default;
  friend auto operator<=>(const FixedId&, const FixedId&) = default;
};

// A task, or the umbrella of a graph: 16 random bytes made by the client.
using TaskId = FixedId<struct TaskIdTag, 16>;
// 16 bytes MD5 of the owning client's id, then 16 random bytes.
using ObjectId = FixedId<struct ObjectIdTag, 32>;

// A connection of this process: a place in a slot map and the generation of its tenant. Never
// travels.
struct PeerId {
  std::uint32_t index = 0;
  std::uint32_t generation = 0;
  friend bool operator==(const PeerId&, const PeerId&) = default;
  friend auto operator<=>(const PeerId&, const PeerId&) = default;
};

// The owner half of an ObjectId: MD5 of the client's identity (wire format, not for security).
std::array<std::byte, 16> owner_hash_of(ByteView client_identity);
// Where a client keeps its pickled serializer: the owner hash and MD5("serializer").
ObjectId serializer_id_of(ByteView client_identity);

}  // namespace scaler

template <class Tag, std::size_t Size>
struct std::hash<scaler::FixedId<Tag, Size>> {
  std::size_t operator()(const scaler::FixedId<Tag, Size>& id) const noexcept {
    // The last eight bytes are random in every id that a well-meaning peer makes; the first may be
    // an owner hash.
    std::uint64_t tail;
    std::uint64_t head;
    std::memcpy(&tail, id.bytes.data() + Size - 8, 8);
    std::memcpy(&head, id.bytes.data(), 8);
    std::uint64_t mixed = tail ^ (head * 0x9e3779b97f4a7c15U);
    mixed ^= mixed >> 32;
    return mixed * 0xd6e8feb86659fd93U;
  }
};

template <>
struct std::hash<scaler::PeerId> {
  std::size_t operator()(const scaler::PeerId& id) const noexcept {
    return (std::size_t{id.generation} << 32) ^ id.index;
  }
};
