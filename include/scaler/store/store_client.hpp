#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <variant>
#include <vector>

#include "scaler/base/bytes.hpp"
#include "scaler/base/ids.hpp"
#include "scaler/base/result.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace scaler::store {

// The asking side of the object storage protocol as a machine: numbers requests, pairs header and
// payload frames, and says what came back. Many requests may be in flight; answers may come in any
// order.
class StoreClient {
 public:
  StoreClient();
  ~StoreClient();

  // When the server answers: nobody waits for a `late` answer, so that it may save a wake-up of
  // both sides. Only a server of ours understands `late`.
  enum class Answered : std::uint8_t { at_once, late };

  // Each appends the frames to send, in order, and gives the request's id.
  // `bytes_max`: only so many leading bytes are wanted.
  std::uint64_t get(const ObjectId& id, std::vector<Bytes>& frames,
                    std::uint64_t bytes_max = wire::everything);
  std::uint64_t set(const ObjectId& id, Bytes payload, std::vector<Bytes>& frames,
                    Answered when = Answered::at_once);
  std::uint64_t remove(const ObjectId& id, std::vector<Bytes>& frames,
                       Answered when = Answered::at_once);
  std::uint64_t duplicate(const ObjectId& source, const ObjectId& copy, std::vector<Bytes>& frames,
                          Answered when = Answered::at_once);

  // Memory files, where the connection can pass them (wire/store_protocol.hpp).
  void take_files(std::vector<Bytes>& frames);
  std::uint64_t borrow_file(std::uint64_t bytes, std::vector<Bytes>& frames);
  std::uint64_t set_file(const ObjectId& id, std::uint64_t number, std::uint64_t bytes,
                         std::vector<Bytes>& frames, Answered when = Answered::at_once);
  enum class Returned : std::uint8_t { clean, unsure };
  void return_file(std::uint64_t number, Returned how, std::vector<Bytes>& frames);

  struct Answer {
    std::uint64_t request_id = 0;
    wire::StoreResponseType type = wire::StoreResponseType::set_ok;
    ObjectId object;
    Bytes payload;
    wire::StoreFile file;  // of got_file and lent_file, which come with a descriptor
  };
  // One received frame; an answer when it is complete. An error means the server broke the
  // protocol.
  Result<std::optional<Answer>> on_frame(Bytes frame);

  // The connection was replaced: in-flight requests, in order, to be asked again by the caller;
  // numbering restarts.
  struct Pending {
    std::uint64_t request_id = 0;
    wire::StoreRequestType type = wire::StoreRequestType::set;
    ObjectId object;
  };
  std::vector<Pending> on_reconnected();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace scaler::store
