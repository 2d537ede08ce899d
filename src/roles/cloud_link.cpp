#include "roles/cloud_link.hpp"

#include <ctime>
#include <utility>

#include "scaler/tls/session.hpp"

namespace scaler::roles {

namespace {

constexpr const char* system_authorities = "/etc/ssl/certs/ca-certificates.crt";

}  // namespace

// Signatures and expiry dates are of the calendar; deadlines are not.
cloud::Moment moment_of(const net::Loop& loop) { return {loop.now(), std::time(nullptr)}; }

CloudLink::CloudLink(net::Loop& loop, cloud::ApiCaller caller, const config::Machine& machine)
    : loop_(loop), caller_(std::move(caller)), machine_(machine) {}

void CloudLink::perform() {
  caller_.advance(moment_of(loop_));
  for (cloud::HttpOrder& order : caller_.take_orders()) send(std::move(order));
}

void CloudLink::send(cloud::HttpOrder order) {
  auto session = session_for(order.request.endpoint);
  if (!session) return caller_.on_answer(order.id, session.error(), moment_of(loop_));
  calls_[order.id] = std::make_unique<net::StreamCall>(
      loop_, order.request.endpoint.address, std::move(*session),
      Bytes::copy_of(cloud::format(order.request)), order.patience,
      [this, id = order.id](const Result<Bytes>& answer) {
        const auto ended = std::move(calls_.at(id));  // kept until the end of this function
        calls_.erase(id);
        if (!answer) return caller_.on_answer(id, answer.error(), moment_of(loop_));
        caller_.on_answer(id, cloud::parse_response(answer->text()), moment_of(loop_));
      });
}

Result<std::unique_ptr<Session>> CloudLink::session_for(const cloud::Endpoint& endpoint) {
  auto plain = cloud::make_response_session();
  if (!endpoint.is_encrypted) return plain;
  if (!tls_) {
    SCALER_TRY(context, authorities());
    tls_ = std::move(context);
  }
  return tls::make_client(tls_, endpoint.address.host, std::move(plain));
}

Result<std::shared_ptr<tls::Context>> CloudLink::authorities() const {
  const std::string given = machine_.environment("AWS_CA_BUNDLE").value_or("");
  const std::string file = given.empty() ? system_authorities : given;
  auto text = machine_.read_file(file);
  if (!text)
    return std::move(text.error())
        .within("no list of certificate authorities (package ca-certificates, or AWS_CA_BUNDLE)");
  return tls::Context::make_checking(*text, file);
}

}  // namespace scaler::roles
