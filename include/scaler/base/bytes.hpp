#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace scaler {

using ByteView = std::span<const std::byte>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView view) {
  return {reinterpret_cast<const char*>(view.data()), view.size()};
}
bool equal(ByteView a, ByteView b);

// Memory that is not of the heap, as a mapped file is: it lives as long as the Bytes that show it,
// and its destructor says what is to be done then.
class Backing {
 public:
  virtual ~Backing() = default;
  virtual int descriptor() const { return -1; }  // of the file, where there is one to give away
};

namespace detail {
struct Block;  // the reference count, followed by the bytes, which are 16-byte aligned
}

// An immutable slice of a reference-counted heap block. Copying costs one increment. The count is
// not atomic: a block stays in the thread that made it. The first byte of a whole block is 16-byte
// aligned; a slice may start anywhere.
class Bytes {
 public:
  Bytes() = default;
  Bytes(const Bytes& other);
  Bytes(Bytes&& other) noexcept;
  Bytes& operator=(Bytes other) noexcept;
  ~Bytes();

  static Bytes copy_of(ByteView view);
  static Bytes copy_of(std::string_view text) { return copy_of(as_bytes(text)); }
  // All of `view`, which is memory of `backing`'s.
  static Bytes backed_by(std::unique_ptr<Backing> backing, ByteView view);
  Backing* backing() const;  // null: it is of the heap

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  ByteView view() const { return {data_, size_}; }
  operator ByteView() const { return view(); }  // NOLINT(google-explicit-constructor)
  std::string_view text() const { return as_text(view()); }

  // A part that keeps the whole block alive. `offset + length` must not pass the end.
  Bytes slice(std::size_t offset, std::size_t length) const;

  // Heap bytes that this object keeps alive, its own share of a shared block being the whole block.
  std::size_t footprint_bytes() const;

  friend bool operator==(const Bytes& a, const Bytes& b) { return equal(a.view(), b.view()); }

 private:
  friend class Buffer;
  Bytes(detail::Block* block, const std::byte* data, std::size_t size);  // adopts one reference
  detail::Block* block_ = nullptr;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// A growing block with one owner, which becomes Bytes without a copy.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity) { reserve(capacity); }
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  void reserve(
      std::size_t capacity);  // keeps the content; large blocks move by page table, not by copy
  std::size_t size() const { return size_; }
  std::size_t capacity() const;
  std::byte* data();
  ByteView view() const;

  std::span<std::byte> spare();      // the room behind the content
  void commit(std::size_t written);  // `written` bytes of spare() are content now
  void append(ByteView view);        // grows by doubling
  void clear() { size_ = 0; }

  Bytes freeze() &&;

 private:
  detail::Block* block_ = nullptr;
  std::size_t size_ = 0;
};

// Unaligned integers at a place in memory.
std::uint16_t load_le16(const std::byte* from);
std::uint32_t load_le32(const std::byte* from);
std::uint64_t load_le64(const std::byte* from);
std::uint64_t load_be64(const std::byte* from);
void store_le16(std::byte* to, std::uint16_t value);
void store_le32(std::byte* to, std::uint32_t value);
void store_le64(std::byte* to, std::uint64_t value);
void store_be32(std::byte* to, std::uint32_t value);
void store_be64(std::byte* to, std::uint64_t value);

}  // namespace scaler
