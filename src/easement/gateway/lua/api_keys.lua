-- API keys: who holds one is named in the request's metadata; grants decide what that allows.
--
-- Before this text stand `local KEYS = {[sha256 in hexadecimal] = {client, last second}}` and sha256.lua. A key is 256 random bits, so its
-- hash is looked up as it is: nothing can be learnt from how long that takes.

local format = string.format

local MAX_KEY = 120
local PROBLEM = "application/problem+json"

local function refuse(handle, code, detail, why)
  handle:streamInfo():dynamicMetadata():set("easement", "verdict", why)
  local body = format(
    '{"type":"urn:easement:problem:%s","title":"%s","status":401,"code":"%s","detail":"%s","instance":"urn:uuid:%s"}',
    code, code == "EAS-5401" and "No access token" or "The access token is not valid", code, detail,
    handle:headers():get("x-request-id") or "")
  handle:respond({
    [":status"] = "401", ["content-type"] = PROBLEM, ["x-easement-code"] = code,
    ["www-authenticate"] = 'Bearer realm="easement"',
  }, body)
end

function envoy_on_request(handle)
  local headers = handle:headers()
  local key = headers:get("x-api-key")
  if not key then return end
  -- A token that was verified has left its header by now, and its claims here.
  local token = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
  if token or headers:get("authorization") then return refuse(handle, "EAS-5402", "Send a key or a token, not both.", "key-and-token") end
  if headers:getNumValues("x-api-key") ~= 1 or #key > MAX_KEY then
    return refuse(handle, "EAS-5402", "Send one API key: X-API-Key: KEY.", "key-malformed")
  end
  local known = KEYS[sha256(key)]
  headers:remove("x-api-key")
  if not known then return refuse(handle, "EAS-5402", "The API key is not known, or was revoked.", "key-unknown") end
  if handle:timestamp() / 1000 >= known[2] then
    return refuse(handle, "EAS-5402", "The API key has ended.", "key-expired")
  end
  handle:streamInfo():dynamicMetadata():set("easement.key", "client", known[1])
end
