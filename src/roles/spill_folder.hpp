#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "scaler/base/log.hpp"
#include "scaler/base/result.hpp"
#include "scaler/store/shelf.hpp"

namespace scaler::roles {

// A shelf of files in one folder. A file has no name, so nothing is left behind however the process
// ends. Reading and writing happen at once, through the kernel's cache.
class SpillFolder final : public store::Shelf {
 public:
  explicit SpillFolder(std::string folder) : folder_(std::move(folder)) {}
  ~SpillFolder() override;
  SpillFolder(const SpillFolder&) = delete;
  SpillFolder& operator=(const SpillFolder&) = delete;

  Status check() const;  // can a file be made there?

  bool put(std::uint32_t number, ByteView bytes) override;
  std::optional<Bytes> first(std::uint32_t number, std::size_t length) override;
  void drop(std::uint32_t number) override;

 private:
  void complain(const char* doing);

  std::string folder_;
  std::unordered_map<std::uint32_t, int> files_;  // descriptors
  log::RateLimit complaints_{5, 10s};
};

}  // namespace scaler::roles
