#pragma once

#include <array>
#include <deque>
#include <memory>
#include <vector>

#include "scaler/base/bytes.hpp"

namespace scaler {

// The sending half of a framed connection: frames in, views for writev out. A header lies inline, a
// payload is never copied. Holds no memory while nothing waits: the backlog it needed is lent to
// whoever in this thread has something to send next.
class WriteQueue {
 public:
  static constexpr std::size_t header_bytes_max = 14;
  static constexpr std::size_t views_max = 64;

  WriteQueue() = default;
  ~WriteQueue();
  WriteQueue(const WriteQueue&) = delete;
  WriteQueue& operator=(const WriteQueue&) = delete;

  enum class Kind : std::uint8_t {
    control,  // ours: greeting, handshake, answers
    message,  // the owner's; only these count in message_bytes()
  };

  void push(Kind kind, ByteView header, Bytes payload);

  // The front of the queue. Views and what they show stay where they are until consume(), whatever
  // is pushed meanwhile.
  std::span<const ByteView> views();
  void consume(std::size_t bytes);

  bool empty() const { return backlog_ == nullptr; }
  std::size_t message_bytes() const { return message_bytes_; }  // headers included
  std::size_t control_bytes() const { return control_bytes_; }

 private:
  struct Item {
    std::array<std::byte, header_bytes_max> header;
    std::uint8_t header_size;
    Kind kind;
    Bytes payload;
    std::size_t size() const { return header_size + payload.size(); }
  };
  struct Backlog {
    std::deque<Item> items;  // never empty while a queue has it; references survive push_back
    std::array<ByteView, views_max> views;
    std::size_t front_sent = 0;  // bytes of the first item that are gone already
    bool grew_large = false;     // its memory is worth giving back
  };
  std::size_t& counter(Kind kind) {
    return kind == Kind::message ? message_bytes_ : control_bytes_;
  }

  static std::unique_ptr<Backlog> borrow();
  static void give_back(std::unique_ptr<Backlog> backlog);  // without items
  static std::vector<std::unique_ptr<Backlog>>& spares();   // of this thread

  std::unique_ptr<Backlog> backlog_;
  std::size_t message_bytes_ = 0;
  std::size_t control_bytes_ = 0;
};

}  // namespace scaler
