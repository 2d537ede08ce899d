#include "roles/file_desk.hpp"

#include <algorithm>
#include <bit>
#include <utility>
#include <vector>

#include "scaler/base/memory_file.hpp"

namespace scaler::roles {
namespace {

constexpr std::size_t lent_per_peer_max = 64;
constexpr std::size_t leases_per_peer_max = 4096;
constexpr std::size_t kept_files_max = 32;
constexpr std::uint64_t file_bytes_max = std::uint64_t{64} << 30;
constexpr std::uint64_t lent_bytes_max = std::uint64_t{1}
                                         << 40;  // to all peers: they are addresses here
constexpr std::uint64_t page_bytes = 4096;

// Sizes that differ little get files of one size, so that any of them serves the next. What nobody
// writes costs nothing.
std::uint64_t room_for(std::uint64_t bytes) {
  const std::uint64_t step = std::max(page_bytes, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

}  // namespace

// Files that exist, and those of them that nobody uses.
struct FileDesk::Pool {
  struct Kept {
    MemoryFile file;
    std::uint64_t number;
  };
  std::vector<Kept> kept;  // the longest unused first
  std::uint64_t kept_bytes = 0;
  std::uint64_t kept_bytes_max = 0;
  std::size_t files = 0;
  std::uint64_t next_number = 1;
  bool used = false;  // since drop_unused()
  std::function<void()> on_kept;

  Kept remove(std::size_t place) {
    Kept removed = std::move(kept[place]);
    kept.erase(kept.begin() + static_cast<std::ptrdiff_t>(place));
    kept_bytes -= removed.file.size();
    return removed;
  }
  void keep(Kept file) {
    used = true;
    const std::uint64_t bytes = file.file.size();
    if (bytes > kept_bytes_max) return drop();
    while (kept.size() == kept_files_max || kept_bytes + bytes > kept_bytes_max) {
      remove(0);
      drop();
    }
    kept_bytes += bytes;
    kept.push_back(std::move(file));
    on_kept();
  }
  void drop() { --files; }
  std::optional<Kept> take(std::uint64_t bytes) {
    used = true;
    const auto found = std::find_if(kept.begin(), kept.end(), [bytes](const Kept& candidate) {
      return candidate.file.size() >= bytes && candidate.file.size() <= bytes + bytes / 4;
    });
    if (found == kept.end()) return std::nullopt;
    return remove(static_cast<std::size_t>(found - kept.begin()));
  }
};

class FileDesk::File final : public Backing {
 public:
  File(Pool::Kept file, std::shared_ptr<Pool> pool)
      : file_(std::move(file)), pool_(std::move(pool)) {}
  ~File() override {
    if (unsure_)
      pool_->drop();
    else
      pool_->keep(std::move(file_));
  }
  int descriptor() const override { return file_.file.descriptor(); }
  std::uint64_t number() const { return file_.number; }
  ByteView view() const { return file_.file.view(); }
  void mark_unsure() { unsure_ = true; }

 private:
  Pool::Kept file_;
  std::shared_ptr<Pool> pool_;
  bool unsure_ = false;  // somebody may see or change it, though nobody should
};

FileDesk::FileDesk(store::ObjectStore& store, const Limits& limits, std::function<void()> on_kept)
    : store_(store), limits_(limits), pool_(std::make_shared<Pool>()) {
  pool_->kept_bytes_max = limits.kept_bytes_max;
  pool_->on_kept = std::move(on_kept);
}

FileDesk::~FileDesk() {
  pool_->kept_bytes_max = 0;
  pool_->kept.clear();
}

// No other kind of backing is in a store.
FileDesk::File* FileDesk::file_of(const Bytes& bytes) {
  return static_cast<File*>(bytes.backing());
}

std::optional<wire::StoreFile> FileDesk::borrow(Leases& leases, std::uint64_t bytes, Bytes& file) {
  if (bytes < least_bytes || bytes > file_bytes_max || leases.lent >= lent_per_peer_max ||
      leases.by_number.size() >= leases_per_peer_max || lent_bytes_ > lent_bytes_max - bytes ||
      !store_.reserve(bytes))
    return std::nullopt;
  std::optional<Pool::Kept> found = pool_->take(bytes);
  if (!found && pool_->files < limits_.files_max) {
    if (auto made = MemoryFile::create(room_for(bytes))) {
      ++pool_->files;
      found = Pool::Kept{std::move(*made), pool_->next_number++};
    }
  }
  if (!found) {
    store_.unreserve(bytes);
    return std::nullopt;
  }
  auto backing = std::make_unique<File>(std::move(*found), pool_);
  const ByteView view = backing->view();
  const wire::StoreFile said{backing->number(), view.size(), file_number_of(backing->descriptor())};
  file = Bytes::backed_by(std::move(backing), view);
  leases.by_number[said.number] = {file, 1, bytes, 0};
  lent_bytes_ += bytes;
  ++leases.lent;
  return said;
}

void FileDesk::end_loan(Leases& leases, Leases::Lease& lease) {
  if (lease.reserved == 0) return;
  lent_bytes_ -= lease.reserved;
  store_.unreserve(std::exchange(lease.reserved, 0));
  --leases.lent;
}

std::optional<Bytes> FileDesk::written(Leases& leases, const wire::StoreFile& said) {
  const auto found = leases.by_number.find(said.number);
  if (found == leases.by_number.end() || found->second.reserved == 0) return std::nullopt;
  Leases::Lease& lease = found->second;
  if (said.bytes == 0 || said.bytes > lease.file.size()) return std::nullopt;
  end_loan(leases, lease);
  return lease.file.slice(0, static_cast<std::size_t>(said.bytes));
}

std::optional<wire::StoreFile> FileDesk::lease(Leases& leases, const Bytes& answer) {
  if (answer.size() < least_bytes || answer.backing() == nullptr ||
      leases.by_number.size() >= leases_per_peer_max)
    return std::nullopt;
  if (limits_.leased_bytes_max > 0 && leased_bytes_ + answer.size() > limits_.leased_bytes_max)
    return std::nullopt;
  const File* file = file_of(answer);
  Leases::Lease& lease = leases.by_number[file->number()];
  if (lease.times++ == 0) lease.file = answer;
  lease.leased += answer.size();
  leased_bytes_ += answer.size();
  return wire::StoreFile{file->number(), answer.size(), file_number_of(file->descriptor())};
}

bool FileDesk::give_back(Leases& leases, std::uint64_t number, Returned how) {
  const auto found = leases.by_number.find(number);
  if (found == leases.by_number.end()) return false;
  Leases::Lease& lease = found->second;
  if (how == Returned::unsure) file_of(lease.file)->mark_unsure();
  if (--lease.times > 0) return true;
  end_loan(leases, lease);
  leased_bytes_ -= lease.leased;
  leases.by_number.erase(found);
  return true;
}

void FileDesk::lost(Leases& leases) {
  for (auto& [number, lease] : leases.by_number) {
    end_loan(leases, lease);
    leased_bytes_ -= lease.leased;
    file_of(lease.file)->mark_unsure();
  }
  leases.by_number.clear();
}

bool FileDesk::drop_unused() {
  if (!std::exchange(pool_->used, false)) {
    pool_->files -= pool_->kept.size();
    pool_->kept.clear();
    pool_->kept_bytes = 0;
  }
  return keeps_some();
}

bool FileDesk::keeps_some() const { return !pool_->kept.empty(); }
std::size_t FileDesk::files() const { return pool_->files; }

}  // namespace scaler::roles
