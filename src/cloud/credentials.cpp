#include "scaler/cloud/credentials.hpp"

#include <fmt/format.h>

#include <ctime>
#include <map>
#include <utility>

#include "cloud/text.hpp"
#include "scaler/http/json.hpp"

namespace scaler::cloud {

namespace {

constexpr std::int64_t renew_before_s = 300;  // of the end
constexpr std::int64_t valid_before_s = 10;   // this near the end they are used no more
constexpr Duration look_again_after = 15s;
constexpr const char* metadata_path = "/latest/meta-data/iam/security-credentials/";

// The lines of one "[section]" of an INI file, by key.
std::map<std::string, std::string> section_of(std::string_view text, std::string_view section) {
  std::map<std::string, std::string> found;
  bool inside = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      inside = line.back() == ']' && trimmed(line.substr(1, line.size() - 2)) == section;
      continue;
    }
    const std::size_t equal = line.find('=');
    if (inside && equal != std::string_view::npos)
      found[std::string(trimmed(line.substr(0, equal)))] = trimmed(line.substr(equal + 1));
  }
  return found;
}

// A header's value must stay one line, whatever a file or a service says.
bool is_plain(std::string_view text) {
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  return true;
}

}  // namespace

std::optional<std::int64_t> parse_utc(std::string_view text) {
  std::tm parts{};
  const std::string copy(text);
  if (strptime(copy.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return std::nullopt;
  return timegm(&parts);
}

CredentialChain::CredentialChain(Given given, Surroundings machine)
    : given_(std::move(given)), machine_(std::move(machine)) {}

const Credentials* CredentialChain::current(Moment at) {
  const bool has_end = found_ && found_->expires;
  const bool is_due = !found_ || (has_end && *found_->expires - at.utc < renew_before_s);
  if (is_due && step_ == Step::idle && (!retry_at_ || at.now >= *retry_at_)) look(at);
  if (!found_ || (found_->expires && *found_->expires - at.utc < valid_before_s)) return nullptr;
  return &*found_;
}

void CredentialChain::distrust() {
  found_.reset();
  retry_at_.reset();
}

// ---- what is at hand ----

void CredentialChain::look(Moment at) {
  failure_.reset();
  retry_at_.reset();
  note_.clear();
  if (look_near() || begin_container()) return;
  if (!note_.empty()) return fail(note_, at);
  begin_metadata();
  if (step_ == Step::idle) fail("no AWS credentials are configured", at);
}

bool CredentialChain::look_near() {
  const std::string key = machine_.variable("AWS_ACCESS_KEY_ID").value_or("");
  const std::string token = machine_.variable("AWS_SESSION_TOKEN").value_or("");
  Credentials near{given_.key_id, given_.secret, given_.key_id == key ? token : ""};
  if (near.key_id.empty() || near.secret.empty())
    near = {key, machine_.variable("AWS_SECRET_ACCESS_KEY").value_or(""), token};
  if (!near.key_id.empty() && !near.secret.empty()) {
    found_ = std::move(near);
    return true;
  }
  const std::string home = machine_.variable("HOME").value_or("") + "/.aws/";
  return take_profile(
             machine_.variable("AWS_SHARED_CREDENTIALS_FILE").value_or(home + "credentials"),
             false) ||
         take_profile(machine_.variable("AWS_CONFIG_FILE").value_or(home + "config"), true);
}

bool CredentialChain::take_profile(const std::string& path, bool is_config) {
  const auto text = machine_.read_file(path);
  if (!text) return false;
  const auto chosen = machine_.variable("AWS_PROFILE");
  const std::string profile = chosen.value_or("default");
  const bool has_prefix = is_config && profile != "default";
  auto values = section_of(*text, has_prefix ? "profile " + profile : profile);
  Credentials near{values["aws_access_key_id"], values["aws_secret_access_key"],
                   values["aws_session_token"]};
  if (!near.key_id.empty() && !near.secret.empty()) {
    found_ = std::move(near);
    note_.clear();
    return true;
  }
  for (const char* key : {"role_arn", "sso_session", "sso_start_url", "credential_process"})
    if (values.contains(key))
      note_ = fmt::format(
          "{}: profile {} has {}, which is not understood; export its keys with "
          "'aws configure export-credentials --format env'",
          path, profile, key);
  if (is_config && chosen && note_.empty())
    note_ = fmt::format("profile {} (AWS_PROFILE) has no keys in the shared files", profile);
  return false;
}

// ---- what is asked for ----

bool CredentialChain::begin_container() {
  const auto relative = machine_.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
  const auto full = machine_.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI");
  if (!relative && !full) return false;
  auto endpoint = parse_endpoint(relative ? "http://169.254.170.2" + *relative : *full);
  if (!endpoint) {
    note_ = endpoint.error().text;
    return false;
  }
  endpoint_ = std::move(*endpoint);
  std::vector<Header> headers;
  std::string token = machine_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").value_or("");
  if (const auto file = machine_.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"))
    if (const auto text = machine_.read_file(*file)) token = trimmed(*text);
  if (!token.empty() && is_plain(token)) headers.push_back({"authorization", std::move(token)});
  ask(Step::container, "GET", endpoint_.path, std::move(headers));
  return true;
}

void CredentialChain::begin_metadata() {
  if (machine_.variable("AWS_EC2_METADATA_DISABLED").value_or("") == "true") return;
  auto endpoint = parse_endpoint(
      machine_.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT").value_or("http://169.254.169.254"));
  if (!endpoint) return;
  endpoint_ = std::move(*endpoint);
  ask(Step::metadata_token, "PUT", "/latest/api/token",
      {{"x-aws-ec2-metadata-token-ttl-seconds", "21600"}});
}

void CredentialChain::ask(Step step, std::string method, std::string path,
                          std::vector<Header> headers) {
  step_ = step;
  Endpoint endpoint = endpoint_;
  endpoint.path = std::move(path);
  question_ = CredentialQuestion{
      {std::move(method), std::move(endpoint), std::move(headers), std::string()}, 2s};
}

std::optional<CredentialQuestion> CredentialChain::take_question() {
  return std::exchange(question_, std::nullopt);
}

void CredentialChain::on_answer(const Result<HttpResponse>& answer, Moment at) {
  if (step_ == Step::idle) return;
  const bool from_container = step_ == Step::container;
  if (!answer || answer->status != 200)
    return fail(
        fmt::format("{} at {}: {}",
                    from_container ? "the container's credentials"
                                   : "no AWS credentials are "
                                     "configured, and the instance's metadata service",
                    endpoint_.host,
                    answer ? fmt::format("status {}", answer->status) : answer.error().text),
        at);
  if (step_ == Step::container || step_ == Step::metadata_keys) return take_keys(*answer, at);
  const std::string text(trimmed(answer->body.substr(0, answer->body.find('\n'))));
  if (text.empty() || !is_plain(text))
    return fail("the instance has no role (metadata service)", at);
  if (step_ == Step::metadata_token) {
    metadata_token_ = text;
    return ask(Step::metadata_role, "GET", metadata_path,
               {{"x-aws-ec2-metadata-token", metadata_token_}});
  }
  if (text.find_first_of(" /?#%") != std::string::npos)
    return fail("the instance's role has a name that is none", at);
  ask(Step::metadata_keys, "GET", metadata_path + text,
      {{"x-aws-ec2-metadata-token", metadata_token_}});
}

void CredentialChain::take_keys(const HttpResponse& answer, Moment at) {
  const auto json = http::Json::parse(answer.body);
  Credentials keys;
  if (json && json->is_object()) {
    keys = {json->text("AccessKeyId").value_or(""), json->text("SecretAccessKey").value_or(""),
            json->text("Token").value_or("")};
    if (const auto expiration = json->text("Expiration")) keys.expires = parse_utc(*expiration);
  }
  if (keys.key_id.empty() || keys.secret.empty() || !is_plain(keys.key_id + keys.token))
    return fail(fmt::format("{} answers without keys", endpoint_.host), at);
  found_ = std::move(keys);
  step_ = Step::idle;
}

void CredentialChain::fail(std::string text, Moment at) {
  step_ = Step::idle;
  failure_ = Error{Errc::usage, std::move(text)};
  retry_at_ = at.now + look_again_after;
}

}  // namespace scaler::cloud
