-- Quotas: an integration that has used up its calls of the day is refused until the day is over.
--
-- Before this text stands `local USED_UP = {[integration] = first second at which it counts anew}`. An entry ends by itself,
-- so that a day begins at its time also where nobody can say so.

local format = string.format
local RBAC = "envoy.filters.http.rbac"

function envoy_on_request(handle)
  local decision = handle:streamInfo():dynamicMetadata():get(RBAC)
  local integration = decision and decision["enforced_effective_policy_id"]
  local until_second = integration and USED_UP[integration]
  if not until_second then return end
  local left = until_second - handle:timestamp() / 1000
  if left <= 0 then return end
  handle:streamInfo():dynamicMetadata():set("easement", "verdict", "quota")
  handle:respond({
    [":status"] = "429", ["content-type"] = "application/problem+json", ["x-easement-code"] = "EAS-5430",
    ["retry-after"] = tostring(math.ceil(left)),
  }, format(
    '{"type":"urn:easement:problem:EAS-5430","title":"The quota of the day is used up","status":429,"code":"EAS-5430",'
    .. '"detail":"The contract lets no more calls through today; days are those of UTC.","instance":"urn:uuid:%s"}',
    handle:headers():get("x-request-id") or ""))
end
