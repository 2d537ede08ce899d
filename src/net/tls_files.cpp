#include "scaler/net/tls_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <utility>

#include "net/socket.hpp"

namespace scaler::net {
namespace {

constexpr std::size_t file_bytes_max = std::size_t{1} << 20;

Result<std::string> read_file(const std::string& path) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  const auto failed = [&] {
    return Error{Errc::usage, fmt::format("cannot read {}: {}", path, text_of_errno(errno))};
  };
  if (!file) return failed();
  std::string text(file_bytes_max, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t count = ::read(file.get(), text.data() + size, text.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return failed();
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  if (size == text.size())
    return Error{Errc::usage, fmt::format("{}: too large for a certificate or a key", path)};
  text.resize(size);
  return text;
}

}  // namespace

Result<std::shared_ptr<tls::Context>> open_tls(const TlsFiles& files) {
  if (files.empty()) return std::shared_ptr<tls::Context>();
  SCALER_TRY(certificate, read_file(files.certificate));
  SCALER_TRY(key, read_file(files.key));
  const tls::Credentials credentials{std::move(certificate), std::move(key), files.certificate,
                                     files.key};
  return tls::Context::make(credentials, std::time(nullptr));
}

}  // namespace scaler::net
