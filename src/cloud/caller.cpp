#include "scaler/cloud/caller.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "scaler/cloud/xml.hpp"
#include "scaler/http/json.hpp"

namespace scaler::cloud {

namespace {

constexpr std::size_t under_way_max = 8;
constexpr std::uint64_t back_off_first_ms = 500;
constexpr std::uint64_t back_off_most_ms = 20'000;
constexpr std::uint64_t back_off_least_ms = 100;
constexpr std::size_t words_max = 300;

constexpr std::array services = {Service::ecs, Service::iam, Service::ec2};

bool is_one_of(std::string_view code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

bool may_pass(int status, std::string_view code) {
  return status >= 500 || status == 429 || status == 408 ||
         code.find("Throttl") != std::string_view::npos ||
         is_one_of(code, {"RequestLimitExceeded", "TooManyRequestsException", "ServerException",
                          "ServiceUnavailable", "ServiceUnavailableException", "InternalError",
                          "InternalFailure", "InternalServerError", "RequestTimeout",
                          "RequestTimeoutException", "PriorRequestNotComplete", "Unavailable"});
}

bool is_of_credentials(std::string_view code) {
  return is_one_of(code, {"ExpiredToken", "ExpiredTokenException", "RequestExpired",
                          "InvalidClientTokenId", "UnrecognizedClientException"});
}

// What a service says goes into log lines: one line, not endless.
std::string one_line(std::string_view text) {
  std::string line;
  for (const char c : text.substr(0, words_max))
    line += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  return line;
}

std::string_view version_of(Service service) {
  return service == Service::iam ? "2010-05-08" : "2016-11-15";
}

}  // namespace

std::pair<std::string, std::string> error_in(Service service, std::string_view body) {
  if (service == Service::ecs) {
    const auto json = http::Json::parse(body);
    if (!json || !json->is_object()) return {};
    std::string code = json->text("__type").value_or(json->text("code").value_or(""));
    if (const std::size_t hash = code.rfind('#'); hash != std::string::npos)
      code.erase(0, hash + 1);
    return {one_line(code),
            one_line(json->text("message").value_or(json->text("Message").value_or("")))};
  }
  const auto xml = Xml::parse(body);
  if (!xml) return {};
  const Xml* error = xml->walk("Errors/Error");  // EC2; the others have it at the top
  if (error == nullptr) error = xml->find("Error");
  if (error == nullptr) return {};
  return {one_line(error->at("Code")), one_line(error->at("Message"))};
}

Form::Form(Service service, std::string_view operation) {
  add("Action", operation);
  add("Version", version_of(service));
}

Form& Form::add(std::string_view name, std::string_view value) {
  if (!text_.empty()) text_ += '&';
  text_ += name;
  text_ += '=';
  constexpr std::string_view plain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
  for (const char c : value)
    if (plain.find(c) != std::string_view::npos)
      text_ += c;
    else
      text_ += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return *this;
}

Result<ApiCaller> ApiCaller::make(CallerOptions options, const Surroundings& machine) {
  std::vector<Endpoint> endpoints;
  for (const Service service : services) {
    SCALER_TRY(endpoint, endpoint_of(service, options.region, machine));
    endpoints.push_back(std::move(endpoint));
  }
  return ApiCaller(std::move(options), machine, std::move(endpoints));
}

ApiCaller::ApiCaller(CallerOptions options, const Surroundings& machine,
                     std::vector<Endpoint> endpoints)
    : options_(std::move(options)),
      endpoints_(std::move(endpoints)),
      credentials_(options_.given, machine),
      random_(options_.random_seed) {}

Ticket ApiCaller::call(ApiCall call) {
  const Ticket ticket = ++last_number_;
  pending_[ticket].call = std::move(call);
  return ticket;
}

HttpRequest ApiCaller::request_of(const ApiCall& call, const Credentials& credentials,
                                  std::int64_t utc) const {
  HttpRequest request;
  request.endpoint = endpoints_[static_cast<std::size_t>(call.service)];
  request.body = call.body;
  if (call.service == Service::ecs) {
    request.headers = {{"content-type", "application/x-amz-json-1.1"},
                       {"x-amz-target", "AmazonEC2ContainerServiceV20141113." + call.operation}};
  } else {
    request.headers = {{"content-type", "application/x-www-form-urlencoded; charset=utf-8"}};
  }
  constexpr std::array<std::string_view, 3> names = {"ecs", "iam", "ec2"};
  sign(request, credentials, names[static_cast<std::size_t>(call.service)], utc);
  return request;
}

void ApiCaller::advance(Moment at) {
  for (auto& [ticket, pending] : pending_)
    if (pending.due && *pending.due <= at.now) pending.due.reset();
  std::vector<Ticket> hopeless;
  for (auto& [ticket, pending] : pending_) {
    if (pending.order != 0 || pending.due) continue;
    if (under_way_.size() >= under_way_max) break;
    const Credentials* credentials = credentials_.current(at);
    send_question();
    if (credentials == nullptr) {
      if (!credentials_.failure()) break;  // they are on their way
      hopeless.push_back(ticket);
      continue;
    }
    pending.order = ++last_number_;
    under_way_[pending.order] = ticket;
    orders_.push_back(
        {pending.order, request_of(pending.call, *credentials, at.utc), options_.patience});
  }
  for (const Ticket ticket : hopeless)
    end(ticket, ApiFailure{true, "NoCredentials", credentials_.failure()->text});
}

void ApiCaller::send_question() {
  auto question = credentials_.take_question();
  if (!question) return;
  question_order_ = ++last_number_;
  orders_.push_back({question_order_, std::move(question->request), question->patience});
}

void ApiCaller::on_answer(std::uint64_t order, const Result<HttpResponse>& answer, Moment at) {
  if (order == question_order_) {
    question_order_ = 0;
    credentials_.on_answer(answer, at);
    send_question();
    return;
  }
  const auto found = under_way_.find(order);
  if (found == under_way_.end()) return;
  const Ticket ticket = found->second;
  under_way_.erase(found);
  Pending& pending = pending_.at(ticket);
  pending.order = 0;
  const std::string what =
      fmt::format("{} {}", name_of(pending.call.service), pending.call.operation);
  const std::string& host = endpoints_[static_cast<std::size_t>(pending.call.service)].host;
  if (!answer)
    return on_failure(ticket,
                      {false, "", fmt::format("{} at {}: {}", what, host, answer.error().text)},
                      true, at);
  if (answer->status >= 200 && answer->status < 300) return end(ticket, answer->body);
  const auto [code, words] = error_in(pending.call.service, answer->body);
  const bool again = may_pass(answer->status, code);
  ApiFailure failure{!again, code,
                     fmt::format("{} at {}: {}{}{}", what, host,
                                 code.empty() ? fmt::format("status {}", answer->status) : code,
                                 words.empty() ? "" : ": ", words)};
  if (is_of_credentials(code) && !std::exchange(pending.was_renewed, true)) {
    credentials_.distrust();
    return on_failure(ticket, std::move(failure), true, at);
  }
  on_failure(ticket, std::move(failure), again, at);
}

void ApiCaller::on_failure(Ticket ticket, ApiFailure failure, bool passes, Moment at) {
  Pending& pending = pending_.at(ticket);
  ++pending.failures;
  if (!passes || (pending.call.tries != 0 && pending.failures >= pending.call.tries))
    return end(ticket, std::move(failure));
  const std::uint64_t most =
      std::min(back_off_most_ms, back_off_first_ms << std::min(pending.failures, 10U));
  const std::uint64_t delay = back_off_least_ms + random_.below(most);
  pending.due = at.now + std::chrono::milliseconds(delay);
  if (const auto more = complaints_.allow(at.now))
    log::warning("{}, trying again in {} ms ({} more)", failure.text, delay, *more);
}

void ApiCaller::end(Ticket ticket, std::variant<std::string, ApiFailure> result) {
  pending_.erase(ticket);
  outcomes_.push_back({ticket, std::move(result)});
}

std::optional<TimePoint> ApiCaller::next_deadline() const {
  std::optional<TimePoint> next;
  const auto consider = [&](const std::optional<TimePoint>& at) {
    if (at && (!next || *at < *next)) next = at;
  };
  for (const auto& [ticket, pending] : pending_) consider(pending.due);
  return next;
}

}  // namespace scaler::cloud
