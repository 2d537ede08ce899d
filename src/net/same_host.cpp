#include "net/same_host.hpp"

#include <algorithm>

#include "net/socket.hpp"
#include "scaler/base/random.hpp"

namespace scaler::net {
namespace {

// The number is that of what is understood there: answers that may wait (store_protocol.hpp) came
// with the second. Programs of another number stay with TCP.
constexpr std::string_view mark = "|same-host-2=";
// Before the other: memory files are to be had there too.
constexpr std::string_view files_mark = "|files=1";
constexpr std::string_view prefix = "@scaler-";  // '@' stands for the abstract namespace
constexpr std::size_t digits = 32;

bool is_name(std::string_view text) {
  return text.size() == prefix.size() + digits && text.starts_with(prefix) &&
         text.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

}  // namespace

Result<BoundSocket> bind_same_host() {
  Address address;
  address.scheme = Address::Scheme::ipc;
  address.path = std::string(prefix) + Random::from_system().hex(digits);
  return bind_and_listen(address);
}

std::string offer_same_host(const std::string& identity, const Address& bound,
                            std::size_t identity_bytes_max, Router::Files files) {
  const std::string_view also = files == Router::Files::yes ? files_mark : std::string_view();
  std::string offer = identity + std::string(also) + std::string(mark) + bound.path;
  return offer.size() <= identity_bytes_max ? offer : identity;
}

bool offers_files(ByteView identity) {
  const std::string_view text = as_text(identity);
  const std::size_t at = text.rfind(mark);
  return at != std::string_view::npos && text.substr(0, at).ends_with(files_mark);
}

std::optional<Descriptor> meet_on_same_host(ByteView identity) {
  const std::string_view text = as_text(identity);
  const std::size_t at = text.rfind(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view name = text.substr(at + mark.size());
  if (!is_name(name)) return std::nullopt;
  auto socket = open_stream(AF_UNIX);
  if (!socket) return std::nullopt;
  const SocketAddress where = SocketAddress::of_path(std::string(name));
  if (::connect(socket->get(), &where.any, where.length) != 0) return std::nullopt;
  return std::move(*socket);
}

}  // namespace scaler::net
