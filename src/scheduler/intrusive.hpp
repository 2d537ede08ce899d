#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "scaler/base/assert.hpp"
#include "scheduler/large_allocator.hpp"

namespace scaler::scheduler {

using Index = std::uint32_t;
constexpr Index none = ~Index{0};

// Records at stable addresses, named by a 32-bit index. A place is used again after erase(), so an
// index must not outlive its record. Memory comes in chunks, each twice as large as the one before,
// so that many records lie on few (large) pages.
template <class Record>
class Pool {
 public:
  Pool() = default;
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;
  ~Pool() {
    for (Index index = 0; index < used_; ++index) std::destroy_at(&at(index));
  }

  Index insert(Record record) {
    ++size_;
    if (free_.empty()) return append(std::move(record));
    const Index index = free_.back();
    free_.pop_back();
    at(index) = std::move(record);
    return index;
  }
  void erase(Index index) {
    at(index) = Record{};
    free_.push_back(index);
    --size_;
  }
  Record& operator[](Index index) { return at(index); }
  const Record& operator[](Index index) const { return const_cast<Pool*>(this)->at(index); }
  std::size_t size() const { return size_; }

 private:
  static constexpr Index first_chunk_records = 256;

  // Chunk k holds first_chunk_records << k records, after all those of the chunks before it.
  Record& at(Index index) {
    SCALER_ASSERT(index < used_, "index of no record");
    const Index place = index + first_chunk_records;
    const auto top = static_cast<unsigned>(std::bit_width(place)) - 1;
    return chunks_[top - first_chunk_bits][place - (Index{1} << top)];
  }
  Index append(Record record) {
    const Index index = used_;
    SCALER_ASSERT(index < none - first_chunk_records, "more records than indices");
    if (index + first_chunk_records == first_chunk_records << chunks_.size())
      chunks_.push_back(
          LargeAllocator<Record>().allocate_owned(first_chunk_records << chunks_.size()));
    ++used_;
    std::construct_at(&at(index), std::move(record));
    return index;
  }

  static constexpr unsigned first_chunk_bits = std::bit_width(first_chunk_records) - 1;
  std::vector<typename LargeAllocator<Record>::Owned> chunks_;
  Index used_ = 0;  // records that were ever made
  std::vector<Index> free_;
  std::size_t size_ = 0;
};

struct Link {
  Index previous = none;
  Index next = none;
};

// A doubly linked list through a Link member of pooled records: no memory of its own, O(1)
// everything. Which records' links it uses is said at each call, so a list is 12 bytes.
template <class Record, Link Record::*link>
struct List {
  Index head = none;
  Index tail = none;
  std::uint32_t size = 0;

  bool empty() const { return head == none; }

  template <class Records>
  void push_back(Records& records, Index index) {
    (records[index].*link) = {tail, none};
    (tail == none ? head : (records[tail].*link).next) = index;
    tail = index;
    ++size;
  }
  template <class Records>
  void push_front(Records& records, Index index) {
    (records[index].*link) = {none, head};
    (head == none ? tail : (records[head].*link).previous) = index;
    head = index;
    ++size;
  }
  template <class Records>
  void remove(Records& records, Index index) {
    const Link at = records[index].*link;
    SCALER_ASSERT(size > 0 && (at.previous != none || head == index), "not in this list");
    (at.previous == none ? head : (records[at.previous].*link).next) = at.next;
    (at.next == none ? tail : (records[at.next].*link).previous) = at.previous;
    records[index].*link = {};
    --size;
  }
  template <class Records>
  static Index next_of(const Records& records, Index index) {
    return (records[index].*link).next;
  }
  template <class Records>
  static Index previous_of(const Records& records, Index index) {
    return (records[index].*link).previous;
  }
};

// The same in four bytes, for lists that are short and of which there are many.
template <class Record, Link Record::*link>
struct Chain {
  Index head = none;

  bool empty() const { return head == none; }

  template <class Records>
  void push_front(Records& records, Index index) {
    (records[index].*link) = {none, head};
    if (head != none) (records[head].*link).previous = index;
    head = index;
  }
  template <class Records>
  void remove(Records& records, Index index) {
    const Link at = records[index].*link;
    SCALER_ASSERT(at.previous != none || head == index, "not in this chain");
    (at.previous == none ? head : (records[at.previous].*link).next) = at.next;
    if (at.next != none) (records[at.next].*link).previous = at.previous;
    records[index].*link = {};
  }
};

}  // namespace scaler::scheduler
