#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "scaler/base/assert.hpp"

namespace scaler::scheduler {

using Index = std::uint32_t;
constexpr Index none = ~Index{0};

// Records at stable addresses, named by a 32-bit index. A place is used again after erase(), so an
// index must not outlive its record.
template <class Record>
class Pool {
 public:
  Index insert(Record record) {
    if (free_.empty()) grow();
    const Index index = free_.back();
    free_.pop_back();
    at(index) = std::move(record);
    ++size_;
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
  static constexpr std::size_t chunk_records = 256;
  Record& at(Index index) {
    SCALER_ASSERT(index / chunk_records < chunks_.size(), "index of no record");
    return chunks_[index / chunk_records][index % chunk_records];
  }
  void grow() {
    const auto first = static_cast<Index>(chunks_.size() * chunk_records);
    chunks_.push_back(std::make_unique<Record[]>(chunk_records));
    for (Index i = chunk_records; i-- > 0;) free_.push_back(first + i);
  }
  std::vector<std::unique_ptr<Record[]>> chunks_;
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

}  // namespace scaler::scheduler
