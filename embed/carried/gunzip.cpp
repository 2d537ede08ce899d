#include "embed/carried/gunzip.hpp"

#define ZLIB_CONST  // input may be const
#include <zlib.h>

#include <cstdint>
#include <cstring>

#include "scaler/base/assert.hpp"

namespace scaler::embed {

namespace {

constexpr int kGzip = 16;  // added to the window's bits: what zlib expects before the data

// The size before packing: a gzip file's last four bytes, little-endian, as this processor's.
std::uint32_t unpacked_size(std::string_view packed) {
  std::uint32_t size = 0;
  std::memcpy(&size, packed.data() + packed.size() - sizeof size, sizeof size);
  return size;
}

}  // namespace

std::string gunzip(std::string_view packed) {
  std::string content(unpacked_size(packed), '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<const Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(content.data());
  stream.avail_out = static_cast<uInt>(content.size());
  SCALER_ASSERT(inflateInit2(&stream, MAX_WBITS + kGzip) == Z_OK, "zlib cannot start");
  const int ended = inflate(&stream, Z_FINISH);
  inflateEnd(&stream);
  SCALER_ASSERT(ended == Z_STREAM_END, "what the program carries cannot be unpacked");
  return content;
}

}  // namespace scaler::embed
