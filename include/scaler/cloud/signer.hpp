#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "scaler/cloud/request.hpp"

namespace scaler::cloud {

// A key pair, perhaps for a time only. The secret and the token stay out of every text.
struct Credentials {
  std::string key_id;
  std::string secret;
  std::string token;                         // of temporary ones
  std::optional<std::int64_t> expires = {};  // seconds since 1970
};

// Signs the request as AWS Signature Version 4 wants it, for the service's name in lower case: adds
// x-amz-date, the token if there is one, and authorization. Signed are the host and all headers.
// The request has no query.
void sign(HttpRequest& request, const Credentials& credentials, std::string_view service,
          std::int64_t utc);

std::string sha256_hex(std::string_view text);

}  // namespace scaler::cloud
