#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <unordered_map>

#include "scaler/base/bytes.hpp"
#include "scaler/store/object_store.hpp"
#include "scaler/wire/store_protocol.hpp"

namespace scaler::roles {

// The memory files of a store. It makes them, lends them to peers that are about to set an object,
// and gives peers those of stored objects. A file that nobody uses any more is kept for the next
// object, because its pages are there already; one that somebody may still see or change is not.
class FileDesk {
 public:
  struct Limits {
    std::uint64_t kept_bytes_max = 0;
    std::size_t files_max = 0;           // descriptors
    std::uint64_t leased_bytes_max = 0;  // by all peers; 0: no limit
  };
  // What is smaller travels in messages: the files' system calls cost more than they save.
  static constexpr std::size_t least_bytes = std::size_t{1} << 20;

  // What one peer has.
  struct Leases {
    struct Lease {
      Bytes file;
      std::uint64_t times = 0;     // how often the peer has to return it
      std::uint64_t reserved = 0;  // bytes of memory set aside while it is lent to be written
      std::uint64_t leased = 0;    // bytes that count for leased_bytes_max
    };
    std::unordered_map<std::uint64_t, Lease> by_number;
    std::size_t lent = 0;  // to be written
  };

  // `on_kept` is called each time a file becomes one that nobody uses: see drop_unused().
  FileDesk(store::ObjectStore& store, const Limits& limits, std::function<void()> on_kept);
  ~FileDesk();

  // A file with room for so many bytes, lent to be written; nothing, if there is none to be had.
  std::optional<wire::StoreFile> borrow(Leases& leases, std::uint64_t bytes, Bytes& file);
  // The object that a peer has written into a lent file; nothing, if it was not lent that file.
  std::optional<Bytes> written(Leases& leases, const wire::StoreFile& said);
  // Whether an answer should be its file, which the peer has then too.
  std::optional<wire::StoreFile> lease(Leases& leases, const Bytes& answer);
  // False: it had no such file.
  enum class Returned : std::uint8_t { clean, unsure };
  bool give_back(Leases& leases, std::uint64_t number, Returned how);
  // The peer's connection is lost; it may live on and look at what it has.
  void lost(Leases& leases);

  // Ends the keeping of what nobody asked for since the last call. False: nothing is kept now.
  bool drop_unused();
  bool keeps_some() const;
  std::size_t files() const;  // all that exist
  std::uint64_t leased_bytes() const { return leased_bytes_; }

 private:
  class File;
  struct Pool;
  static File* file_of(const Bytes& bytes);
  void end_loan(Leases& leases, Leases::Lease& lease);

  store::ObjectStore& store_;
  Limits limits_;
  std::shared_ptr<Pool> pool_;  // files may outlive this
  std::uint64_t leased_bytes_ = 0;
  std::uint64_t lent_bytes_ = 0;
};

}  // namespace scaler::roles
