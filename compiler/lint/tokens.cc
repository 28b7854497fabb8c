#include "compiler/lint/tokens.h"

#include <pg_query.h>

namespace rekey::lint {

std::vector<Token> tokens_of(const std::string& text) {
  std::vector<Token> out;
  PgQueryScanResult scanned = pg_query_scan(text.c_str());
  if (!scanned.error) {
    PgQuery__ScanResult* result = pg_query__scan_result__unpack(
        nullptr, scanned.pbuf.len, reinterpret_cast<const uint8_t*>(scanned.pbuf.data));
    for (std::size_t i = 0; i < result->n_tokens; ++i) {
      const auto& token = *result->tokens[i];
      out.push_back({static_cast<std::size_t>(token.start), static_cast<std::size_t>(token.end),
                     token.token, token.keyword_kind != PG_QUERY__KEYWORD_KIND__NO_KEYWORD});
    }
    pg_query__scan_result__free_unpacked(result, nullptr);
  }
  pg_query_free_scan_result(scanned);
  return out;
}

}  // namespace rekey::lint
