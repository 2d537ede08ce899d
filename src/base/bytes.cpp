#include "scaler/base/bytes.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "scaler/base/assert.hpp"
#include "scaler/base/large_blocks.hpp"
#include "scaler/base/large_pages.hpp"

namespace scaler {
namespace detail {

struct alignas(16) Block {
  std::size_t references;
  std::size_t capacity;
  std::byte* bytes() { return reinterpret_cast<std::byte*>(this + 1); }
};
static_assert(sizeof(Block) == 16);

struct BackedBlock : Block {
  std::size_t bytes;
  std::unique_ptr<Backing> backing;
};

}  // namespace detail

namespace {

using detail::BackedBlock;
using detail::Block;

constexpr std::size_t backed =
    ~std::size_t{0};  // the capacity of a block whose bytes are elsewhere

std::size_t whole_bytes(std::size_t capacity) { return sizeof(Block) + capacity; }
bool is_large(std::size_t capacity) { return whole_bytes(capacity) >= large_block_bytes; }
LargeBlock as_large(Block* block) { return {block, whole_bytes(block->capacity)}; }

Block* make_large(std::size_t capacity) {
  const LargeBlock memory = take_large_block(whole_bytes(capacity));
  auto* block = new (memory.memory) Block;
  block->references = 1;
  block->capacity = memory.bytes - sizeof(Block);
  return block;
}

Block* resize_small(Block* block, std::size_t capacity) {
  auto* resized = static_cast<Block*>(std::realloc(block, whole_bytes(capacity)));
  if (resized == nullptr) throw std::bad_alloc();
  if (block == nullptr) resized->references = 1;
  resized->capacity = capacity;
  return resized;
}

void release(Block* block) {
  if (block == nullptr || --block->references > 0) return;
  if (block->capacity == backed)
    delete static_cast<BackedBlock*>(block);
  else if (is_large(block->capacity))
    give_back(as_large(block));
  else
    std::free(block);
}

Block* resize_large(Block* block, std::size_t capacity) {
  LargeBlock memory = as_large(block);
  if (!resize_in_place(memory, whole_bytes(capacity))) return nullptr;
  block->capacity = memory.bytes - sizeof(Block);
  return block;
}

// Keeps the content, as far as it fits.
Block* resize(Block* block, std::size_t capacity) {
  const bool was_large = block != nullptr && is_large(block->capacity);
  if (!was_large && !is_large(capacity)) return resize_small(block, capacity);
  if (was_large && is_large(capacity))
    if (Block* same = resize_large(block, capacity)) return same;
  Block* moved = is_large(capacity) ? make_large(capacity) : resize_small(nullptr, capacity);
  if (block == nullptr) return moved;
  std::memcpy(moved->bytes(), block->bytes(), std::min(block->capacity, capacity));
  release(block);
  return moved;
}

template <class Integer>
Integer load(const std::byte* from) {
  Integer value;
  std::memcpy(&value, from, sizeof value);
  return value;
}

}  // namespace

static_assert(std::endian::native == std::endian::little, "the loads below assume it");

bool equal(ByteView a, ByteView b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size()) == 0);
}

Bytes::Bytes(detail::Block* block, const std::byte* data, std::size_t size)
    : block_(block), data_(data), size_(size) {}

Bytes::Bytes(const Bytes& other) : block_(other.block_), data_(other.data_), size_(other.size_) {
  if (block_ != nullptr) ++block_->references;
}

Bytes::Bytes(Bytes&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Bytes& Bytes::operator=(Bytes other) noexcept {
  std::swap(block_, other.block_);
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

Bytes::~Bytes() { release(block_); }

Bytes Bytes::copy_of(ByteView view) {
  if (view.empty()) return {};
  Buffer buffer(view.size());
  buffer.append(view);
  return std::move(buffer).freeze();
}

Bytes Bytes::slice(std::size_t offset, std::size_t length) const {
  SCALER_ASSERT(offset <= size_ && length <= size_ - offset, "slice past the end");
  Bytes part(*this);
  part.data_ += offset;
  part.size_ = length;
  return part;
}

Bytes Bytes::backed_by(std::unique_ptr<Backing> backing, ByteView view) {
  return Bytes(new BackedBlock{{1, backed}, view.size(), std::move(backing)}, view.data(),
               view.size());
}

Backing* Bytes::backing() const {
  if (block_ == nullptr || block_->capacity != backed) return nullptr;
  return static_cast<BackedBlock*>(block_)->backing.get();
}

std::size_t Bytes::footprint_bytes() const {
  if (block_ == nullptr) return 0;
  if (block_->capacity == backed) return static_cast<BackedBlock*>(block_)->bytes;
  return sizeof(Block) + block_->capacity;
}

Buffer::Buffer(Buffer&& other) noexcept
    : block_(std::exchange(other.block_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  std::swap(block_, other.block_);
  std::swap(size_, other.size_);
  return *this;
}

Buffer::~Buffer() { release(block_); }

void Buffer::reserve(std::size_t capacity) {
  if (block_ == nullptr || capacity > block_->capacity) block_ = resize(block_, capacity);
}

std::size_t Buffer::capacity() const { return block_ == nullptr ? 0 : block_->capacity; }
std::byte* Buffer::data() { return block_ == nullptr ? nullptr : block_->bytes(); }
ByteView Buffer::view() const {
  return block_ == nullptr ? ByteView{} : ByteView{block_->bytes(), size_};
}

std::span<std::byte> Buffer::spare() {
  if (block_ == nullptr) return {};
  return {block_->bytes() + size_, block_->capacity - size_};
}

void Buffer::commit(std::size_t written) {
  SCALER_ASSERT(written <= capacity() - size_, "commit past the end");
  size_ += written;
}

void Buffer::append(ByteView view) {
  if (view.empty()) return;
  const std::size_t needed = size_ + view.size();
  if (needed > capacity()) reserve(needed > 2 * capacity() ? needed : 2 * capacity());
  std::memcpy(block_->bytes() + size_, view.data(), view.size());
  size_ = needed;
}

Bytes Buffer::freeze() && {
  if (block_ == nullptr || size_ == 0) return {};
  if (block_->capacity - size_ > size_ / 4) block_ = resize(block_, size_);
  detail::Block* block = std::exchange(block_, nullptr);
  return Bytes(block, block->bytes(), std::exchange(size_, 0));
}

std::uint16_t load_le16(const std::byte* from) { return load<std::uint16_t>(from); }
std::uint32_t load_le32(const std::byte* from) { return load<std::uint32_t>(from); }
std::uint64_t load_le64(const std::byte* from) { return load<std::uint64_t>(from); }
std::uint64_t load_be64(const std::byte* from) { return __builtin_bswap64(load_le64(from)); }
void store_le16(std::byte* to, std::uint16_t value) { std::memcpy(to, &value, sizeof value); }
void store_le32(std::byte* to, std::uint32_t value) { std::memcpy(to, &value, sizeof value); }
void store_le64(std::byte* to, std::uint64_t value) { std::memcpy(to, &value, sizeof value); }
void store_be32(std::byte* to, std::uint32_t value) { store_le32(to, __builtin_bswap32(value)); }
void store_be64(std::byte* to, std::uint64_t value) { store_le64(to, __builtin_bswap64(value)); }

}  // namespace scaler
