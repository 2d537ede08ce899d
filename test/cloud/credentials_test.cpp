#include "scaler/cloud/credentials.hpp"

#include <catch2/catch.hpp>

#include "cloud/machine.hpp"

namespace scaler::cloud {

namespace {

struct ChainEnv {
  explicit ChainEnv(FakeSurroundings of = {}, CredentialChain::Given given = {})
      : machine(std::move(of)), chain(std::move(given), machine.machine()) {}

  // Key, secret and token, or why there are none.
  std::string found() {
    if (const Credentials* keys = chain.current(at))
      return keys->key_id + " " + keys->secret + " " + keys->token;
    return chain.failure() ? chain.failure()->text : "";
  }
  HttpRequest question() {
    auto asked = chain.take_question();
    REQUIRE(asked);
    return asked->request;
  }
  void answer(int status, std::string body) {
    chain.on_answer(HttpResponse{status, std::move(body)}, at);
  }

  FakeSurroundings machine;
  CredentialChain chain;
  Moment at{TimePoint{}, 1'000'000};
};

std::string keys_until(const std::string& time) {
  return R"({"AccessKeyId": "K", "SecretAccessKey": "S", "Token": "T", "Expiration": ")" + time +
         "\"}";
}

}  // namespace

TEST_CASE("options come before the environment, and that before files", "[cloud]") {
  FakeSurroundings machine;
  machine.variables = {{"HOME", "/h"}};
  machine.files["/h/.aws/credentials"] =
      "[other]\naws_access_key_id = o\n[default]\n# a\naws_access_key_id=fk\n"
      "aws_secret_access_key = fs\naws_session_token = ft\n";
  CHECK(ChainEnv(machine).found() == "fk fs ft");
  machine.variables.insert(
      {{"AWS_ACCESS_KEY_ID", "ek"}, {"AWS_SECRET_ACCESS_KEY", "es"}, {"AWS_SESSION_TOKEN", "et"}});
  CHECK(ChainEnv(machine).found() == "ek es et");
  CHECK(ChainEnv(machine, {"ok", "os"}).found() == "ok os ");  // the token is of other keys
  CHECK(ChainEnv(machine, {"ek", "es"}).found() == "ek es et");
}

TEST_CASE("a profile is found in either file, wherever these are", "[cloud]") {
  FakeSurroundings machine;
  machine.variables = {{"AWS_CONFIG_FILE", "/c"}, {"AWS_PROFILE", "p"}};
  machine.files["/c"] =
      "[p]\naws_access_key_id = no\n[profile p]\naws_access_key_id = k\naws_secret_access_key = s";
  CHECK(ChainEnv(machine).found() == "k s ");
  machine.variables["AWS_PROFILE"] = "q";
  CHECK(ChainEnv(machine).found() == "profile q (AWS_PROFILE) has no keys in the shared files");
  machine.files["/c"] = "[profile q]\nrole_arn = a\n";
  CHECK_THAT(ChainEnv(machine).found(), Catch::StartsWith("/c: profile q has role_arn, which"));
}

TEST_CASE("a container's endpoint is asked, with its token", "[cloud]") {
  FakeSurroundings machine;
  machine.variables = {{"AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://127.0.0.1:81/c"},
                       {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t"}};
  machine.files["/t"] = "secret\n";
  ChainEnv env(machine);
  CHECK(env.found().empty());
  const HttpRequest asked = env.question();
  CHECK(asked.method == "GET");
  CHECK(asked.endpoint.path == "/c");
  CHECK(asked.headers.at(0).value == "secret");
  env.answer(200, keys_until("1970-01-20T00:00:00Z"));
  CHECK(env.found() == "K S T");
}

TEST_CASE("an instance's role is asked for in three steps", "[cloud]") {
  ChainEnv env;
  CHECK(env.found().empty());
  CHECK(env.question().method == "PUT");
  CHECK(env.found().empty());
  CHECK_FALSE(env.chain.take_question());  // one at a time
  env.answer(200, "token");
  const HttpRequest role = env.question();
  CHECK(role.endpoint.host == "169.254.169.254");
  CHECK(role.headers.at(0).value == "token");
  env.answer(200, "my-role\n");
  CHECK(env.question().endpoint.path == "/latest/meta-data/iam/security-credentials/my-role");
  env.answer(200, keys_until("1970-01-20T00:00:00Z"));
  CHECK(env.found() == "K S T");
}

TEST_CASE("credentials are renewed before they end, and used until then", "[cloud]") {
  ChainEnv env;
  env.found();
  for (const char* body : {"token", "role"}) {
    env.question();
    env.answer(200, body);
  }
  env.question();
  env.answer(200, keys_until("1970-01-12T14:00:00Z"));  // 1,000,800
  env.at.utc = 1'000'490;
  CHECK(env.found() == "K S T");
  CHECK_FALSE(env.chain.take_question());
  env.at.utc = 1'000'510;
  CHECK(env.found() == "K S T");
  env.question();
  env.answer(500, "");
  CHECK(env.found() == "K S T");
  env.at.utc = 1'000'795;
  CHECK_THAT(env.found(), Catch::Contains("status 500"));
  env.at.now += 20s;
  env.found();
  env.question();
}

TEST_CASE("a machine without any credentials says so and looks again later", "[cloud]") {
  ChainEnv env;
  env.found();
  env.question();
  env.chain.on_answer(Error{Errc::unavailable, "no answer"}, env.at);
  CHECK(env.found() ==
        "no AWS credentials are configured, and the instance's metadata service at "
        "169.254.169.254: no answer");
  FakeSurroundings machine;
  machine.variables = {{"AWS_EC2_METADATA_DISABLED", "true"}};
  CHECK(ChainEnv(machine).found() == "no AWS credentials are configured");
}

TEST_CASE("answers that are none do no harm", "[cloud]") {
  for (const char* body :
       {"", "{", "[]", "{\"AccessKeyId\": \"a\\r\\nx: y\", \"SecretAccessKey\": \"s\"}"}) {
    ChainEnv env;
    env.found();
    for (const char* step : {"token", "role"}) {
      env.question();
      env.answer(200, step);
    }
    env.question();
    env.answer(200, body);
    CHECK_THAT(env.found(), Catch::Contains("answers without keys"));
  }
  ChainEnv env;
  env.found();
  env.question();
  env.answer(200, "a\x01");
  CHECK_THAT(env.found(), Catch::Contains("no role"));
}

TEST_CASE("what a service refuses is looked for again", "[cloud]") {
  FakeSurroundings machine;
  machine.variables = {{"HOME", "/h"}};
  machine.files["/h/.aws/credentials"] =
      "[default]\naws_access_key_id=a\naws_secret_access_key=s\n";
  ChainEnv env(machine);
  CHECK(env.found() == "a s ");
  env.machine.files["/h/.aws/credentials"] =
      "[default]\naws_access_key_id=b\naws_secret_access_key=s\n";
  CHECK(env.found() == "a s ");
  env.chain.distrust();
  CHECK(env.found() == "b s ");
}

TEST_CASE("dates are read as UTC", "[cloud]") {
  CHECK(parse_utc("2026-11-22T12:00:00Z") == 1795348800);
  CHECK_FALSE(parse_utc("soon"));
}

}  // namespace scaler::cloud
