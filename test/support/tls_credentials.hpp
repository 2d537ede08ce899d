#pragma once

#include "scaler/tls/context.hpp"

// Throw-away credentials that protect nothing; valid from 2026-11-21 on, for a hundred years.
namespace scaler::support {

inline const tls::Credentials elliptic{R"(-----BEGIN CERTIFICATE-----
MIIBgzCCASmgAwIBAgIULf/2I/5tU7ZwRcZnuWyL3Nn4poMwCgYIKoZIzj0EAwIw
FjEUMBIGA1UEAwwLc2NhbGVyLnRlc3QwIBcNMjYxMTIxMjMxNzQ4WhgPMjEyNjEw
MjgyMzE3NDhaMBYxFDASBgNVBAMMC3NjYWxlci50ZXN0MFkwEwYHKoZIzj0CAQYI
KoZIzj0DAQcDQgAEOdRcxsQE832F2ahRZ516Fd6Ki/QLHLisDI6+mEhuW/wQQuIS
kPZnTdNsUk3AG0JCOrKRN76SVwd4lJbVeBSRwaNTMFEwHQYDVR0OBBYEFFUetijU
rcY0VBTj3Bruf2DF4Q15MB8GA1UdIwQYMBaAFFUetijUrcY0VBTj3Bruf2DF4Q15
MA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgALl9SoP6mBCZg2Sb
Ot3duvij1vmzpkvFltdvOjNeIOsCIQDhmb4PJ+8Vh0rqeplWlnYasbDCCxRUCN/Q
SvdS6AZAsQ==
-----END CERTIFICATE-----
)",
                                       R"(-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgi70Yhuwcf+YoEpRe
btHLxkYxxBmeRkxKoW/I2oaYmWihRANCAAQ51FzGxATzfYXZqFFnnXoV3oqL9Asc
uKwMjr6YSG5b/BBC4hKQ9mdN02xSTcAbQkI6spE3vpJXB3iUltV4FJHB
-----END PRIVATE KEY-----
)",
                                       "ec.pem", "ec.key"};

inline const tls::Credentials rsa{R"(-----BEGIN CERTIFICATE-----
MIIDDzCCAfegAwIBAgIUR8ld3ch3eIlnzuKi8sRwKMZBBI8wDQYJKoZIhvcNAQEL
BQAwFjEUMBIGA1UEAwwLc2NhbGVyLnRlc3QwIBcNMjYxMTIxMjMxNzUwWhgPMjEy
NjEwMjgyMzE3NTBaMBYxFDASBgNVBAMMC3NjYWxlci50ZXN0MIIBIjANBgkqhkiG
9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnP1ZhUmZgdpnHX7RfH2o18f5dHbytsfmDWm+
S2Sk4rLSmOY7cGhuRknvv6+gQS3GEiRZv0hUA2LDJziYzT8DfKD/dytDKWPFdCUF
5otO9q5whBBSRBlJw+O/0xBKmv5bhMR4UxARceoP/DmJlYQpB03klJzS7O0lBr8g
94HwEoa91ylAj8ajHTG88+Gy13JIY3FqwiA4vLXRL3vH0ot0o1lA3arhTuZNXMF4
ruoiDlC+ONW4kchuT3xT3Cc2pE3T7GigrY7nZUGuoIumI2Q+XeEqGP6p85oH29Sj
3NbVP9uRF1rr4Ts7MGY3rwTIMAzoddfOilMWV723Q/9Za2A+GwIDAQABo1MwUTAd
BgNVHQ4EFgQUdad1E0m8W2PP7TFFhQAbkLugFmEwHwYDVR0jBBgwFoAUdad1E0m8
W2PP7TFFhQAbkLugFmEwDwYDVR0TAQH/BAUwAwEB/zANBgkqhkiG9w0BAQsFAAOC
AQEAgjYWOlaKmdIO0l1ZsIE5be/bnwM0s0Tg312Uce0kkTc9wYOz0ONVJSo1v3Fo
YUz+aJxEedovJd/8AkzB1I2Iby6hzPM7ZTidqIJtBHoygcPbN7UvXWpA5JdkE9il
+iHFz19iRo4k/m8aiZDHR1F1yzBogBElrcmnaxOIEJTQ9s+lJLZst3dV8ASa1TeG
cdqtvjVtemCH2H4/Mj4Qj7GcdESTNzuhAe4yFp1WzvY2sE8IygjtdofATiIWXEpE
FnUZJnYb7+2lDYINF6AVPSK9JseSobjO4FMtfCyEKcy7i4T4mWA2+X53WnD+LiSF
w+fQA91ld1+SwSdC+VktZQWV7Q==
-----END CERTIFICATE-----
)",
                                  R"(-----BEGIN PRIVATE KEY-----
MIIEvAIBADANBgkqhkiG9w0BAQEFAASCBKYwggSiAgEAAoIBAQCc/VmFSZmB2mcd
ftF8fajXx/l0dvK2x+YNab5LZKTistKY5jtwaG5GSe+/r6BBLcYSJFm/SFQDYsMn
OJjNPwN8oP93K0MpY8V0JQXmi072rnCEEFJEGUnD47/TEEqa/luExHhTEBFx6g/8
OYmVhCkHTeSUnNLs7SUGvyD3gfAShr3XKUCPxqMdMbzz4bLXckhjcWrCIDi8tdEv
e8fSi3SjWUDdquFO5k1cwXiu6iIOUL441biRyG5PfFPcJzakTdPsaKCtjudlQa6g
i6YjZD5d4SoY/qnzmgfb1KPc1tU/25EXWuvhOzswZjevBMgwDOh1186KUxZXvbdD
/1lrYD4bAgMBAAECggEAAK1FnsHTswxmyaHg5Y+CBdl5pYXmNVNPiAzUG1EbbxrH
0sYMOuPzCjVt14XW4Hu60P+m5oQc+0gWucCs04hgkrGKHcJqGgwjEsyQSWS6XaYg
cPMZgl3gNhjGuNXnCOLs96RZpx9cDo/JAL9GUHhg2ARwu72EdmYm5pqoIPO4WnpP
Zl0yJ9Ze+BtIqh2RANhurh0O0NeT2HjWlywXvh6bK67UIU3ZDvzUWZVWAbjfoSaO
OR5VuU3ehLIjH+nWFvN8VLmQOhrRmmOvF2bmg6GeimUZRnusKmUt0qzJ/5o1p6Rk
s/iu7yfxEe5Q6iQjA9vb1Z/610eARrh4tiXfbwYu4QKBgQDQRPoP3orrN3LF2dUm
O3D+lLpcjU8x4TEyfwjc+hTtdvjJdiA5HBnS+YHsoWxWbMn7rWTAYKx1vMavTx6t
yHcYmhCJdbbEagIFQckcXzg42m1fPAHKqfHVBzFqmXZIl/oyMKmXj6qEGss2eO6m
f/3OQyXYPLtBvIrTud1wdauf0QKBgQDA99K1V92q+1yeQJjfyoWYCSOKHoOxv2p9
dYr0HbV8I9IW2AIfvYVNN1be820RX1H5Ga8GAinsYjKInq+KdfHB4C5bXo9qq4+o
/YWCIxUDloDgSCV1OO+TgQgWYRZTNSzcgcZamt0efFcXv9rly0DO9pAePCtpF8C9
7qybidWGKwKBgCkXEscCvyG9JNXILneGjrqLmWEdOBy9MzmlOphudqaLLHaC6cSa
uLWZKHsJNhivCgKvqQsTh7MK9aAs2f6raGPgMZcNNGv4BkIHQqhoWO1OmvmJG0li
0iWXb7Z6ZI3Z/jDczPjsDVZW+vTaUytiYS7KrLLG+KL1keZH61p+vMehAoGADal+
IZi2+QQS6qFoMXAFRV5gRccjS9Jhl8Bati3kS4W9uiBRBi5E4dKpM9/IORKmmxxW
Z/Z/QV0ydrnFc+gl1bQplA592O+MnEpWyX/yXO6q8TYqcMI3NBpOmEcHbZy2MGZ/
xKpyPVZQVD4hIWPiksSiL4HTEP29h7T+Q4TeuUECgYBGqbZAEHqo6KRVZ5Zv5S6Y
I+S/bMdoBfbWV64l6BXWBri9/g6Gpx7wOgo9lIjyPWJUdfDT8MzoJxnvUmFjVdQV
nvxSchf8t2zxd00zsSTM86CDWaJcd0VbUq0C7xFJo6odoJDiz+SIaNkdoEMCp+ii
EgtWMqlq1bpOS6towCIKFA==
-----END PRIVATE KEY-----
)",
                                  "rsa.pem", "rsa.key"};

// Some second within their time: 2030-01-01.
constexpr std::int64_t within_their_time = 1893456000;

inline std::shared_ptr<tls::Context> context_of(const tls::Credentials& credentials) {
  return tls::Context::make(credentials, within_their_time).value();
}

}  // namespace scaler::support
