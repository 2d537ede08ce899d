#include <optional>

#include "scaler/wire/codec.hpp"

namespace scaler::wire {

// A struct pointer of the root: bits 0-1 are 0, bits 2-31 a signed offset in words, then data and
// pointer words. The union's discriminant is the first two data bytes.
std::optional<std::size_t> kind_of(ByteView frame) {
  if (frame.size() < 8) return std::nullopt;
  const std::uint64_t segments = std::uint64_t{load_le32(frame.data())} + 1;
  const std::uint64_t root = (4 + 4 * segments + 7) / 8 * 8;
  if (root + 8 > frame.size()) return std::nullopt;
  const std::uint64_t pointer = load_le64(frame.data() + root);
  if ((pointer & 3) != 0) return std::nullopt;
  const std::int64_t offset = static_cast<std::int32_t>(static_cast<std::uint32_t>(pointer)) >> 2;
  const std::int64_t data = static_cast<std::int64_t>(root) + 8 + offset * 8;
  if (data < static_cast<std::int64_t>(root)) return std::nullopt;
  if (static_cast<std::uint64_t>(data) + 8 > frame.size()) return std::nullopt;
  const std::size_t kind = load_le16(frame.data() + data);
  if (kind >= std::variant_size_v<Message>) return std::nullopt;
  return kind;
}

}  // namespace scaler::wire
