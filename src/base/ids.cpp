#include "scaler/base/ids.hpp"

#include <algorithm>

#include "base/md5.hpp"

namespace scaler {

std::string to_hex(ByteView view) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(view.size() * 2);
  for (std::byte byte : view) {
    text += digits[std::to_integer<unsigned>(byte) >> 4];
    text += digits[std::to_integer<unsigned>(byte) & 15];
  }
  return text;
}

std::array<std::byte, 16> owner_hash_of(ByteView client_identity) { return md5(client_identity); }

ObjectId serializer_id_of(ByteView client_identity) {
  static const auto tag = md5(as_bytes("serializer"));
  ObjectId id;
  const auto owner = owner_hash_of(client_identity);
  std::copy(owner.begin(), owner.end(), id.bytes.begin());
  std::copy(tag.begin(), tag.end(), id.bytes.begin() + 16);
  return id;
}

}  // namespace scaler
