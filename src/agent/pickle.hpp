#pragma once

#include <string_view>

#include "scaler/base/bytes.hpp"

namespace scaler::agent {

// What pickle.dumps(module.name(text), 4) means, without Python: pickle.loads of any Python since
// 3.4 calls the class with the text. `text` must be UTF-8.
Bytes pickle_exception(std::string_view module, std::string_view name, std::string_view text);

}  // namespace scaler::agent
