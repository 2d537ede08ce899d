#include "scaler/cloud/signer.hpp"

#include <fmt/format.h>
#include <mbedtls/md.h>
#include <mbedtls/sha256.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "scaler/base/assert.hpp"
#include "scaler/base/ids.hpp"

// AWS General Reference, "Signature Version 4 signing process".
namespace scaler::cloud {

namespace {

using Digest = std::array<std::byte, 32>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string_view text_of(const Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Digest hmac(std::string_view key, std::string_view text) {
  Digest digest;
  const int failure =
      mbedtls_md_hmac(mbedtls_md_info_from_type(MBEDTLS_MD_SHA256), bytes_of(key), key.size(),
                      bytes_of(text), text.size(), reinterpret_cast<unsigned char*>(digest.data()));
  SCALER_ASSERT(failure == 0, "HMAC-SHA256");
  return digest;
}

std::string date_of(std::int64_t utc) {
  const std::time_t seconds = static_cast<std::time_t>(utc);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  return fmt::format("{:04}{:02}{:02}T{:02}{:02}{:02}Z", parts.tm_year + 1900, parts.tm_mon + 1,
                     parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

}  // namespace

std::string sha256_hex(std::string_view text) {
  Digest digest;
  const int failure = mbedtls_sha256_ret(bytes_of(text), text.size(),
                                         reinterpret_cast<unsigned char*>(digest.data()), 0);
  SCALER_ASSERT(failure == 0, "SHA-256");
  return to_hex(digest);
}

void sign(HttpRequest& request, const Credentials& credentials, std::string_view service,
          std::int64_t utc) {
  const std::string date = date_of(utc);
  request.headers.push_back({"x-amz-date", date});
  if (!credentials.token.empty())
    request.headers.push_back({"x-amz-security-token", credentials.token});

  std::vector<Header> headers = request.headers;
  headers.push_back({"host", request.endpoint.host});
  std::sort(headers.begin(), headers.end(),
            [](const Header& a, const Header& b) { return a.name < b.name; });
  std::string lines;
  std::string names;
  for (const Header& header : headers) {
    lines += fmt::format("{}:{}\n", header.name, header.value);
    names += names.empty() ? header.name : ";" + header.name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n\n{}\n{}\n{}", request.method, request.endpoint.path, lines, names,
                  sha256_hex(request.body));

  const std::string day = date.substr(0, 8);
  const std::string& region = request.endpoint.region;
  const std::string scope = fmt::format("{}/{}/{}/aws4_request", day, region, service);
  const std::string to_sign =
      fmt::format("AWS4-HMAC-SHA256\n{}\n{}\n{}", date, scope, sha256_hex(canonical));
  Digest key = hmac("AWS4" + credentials.secret, day);
  for (const std::string_view part :
       {std::string_view(region), service, std::string_view("aws4_request")})
    key = hmac(text_of(key), part);
  request.headers.push_back(
      {"authorization",
       fmt::format("AWS4-HMAC-SHA256 Credential={}/{}, SignedHeaders={}, Signature={}",
                   credentials.key_id, scope, names, to_hex(hmac(text_of(key), to_sign)))});
}

}  // namespace scaler::cloud
