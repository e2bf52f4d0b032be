-- The contract runtime: one script for every route of the gateway; what a route demands is data. documents.lua and
-- conditions.lua stand before it.
--
-- A route's filter context holds `id` (from the SHA-256 of `spec`) and `spec` (JSON, see gateway/route_contract.py). It is
-- decoded once per worker and kept by id. Nothing here trusts the caller, the target, or a header that either may
-- forge; whatever goes wrong ends in a refusal, never in a request or response that passes unread.

-- Specs -------------------------------------------------------------------------------------------------------------------

local specs, spec_count = {}, 0

local function link_rules(rules)
  local by_name = {}
  for _, rule in ipairs(rules) do
    rule.node = link_shape(rule.shape)
    by_name[rule.name] = rule
  end
  return by_name
end

local function link_spec(source)
  text = source
  local spec = decode(1)
  spec.query, spec.header, spec.path = link_rules(spec.query), link_rules(spec.header), link_rules(spec.path)
  spec.has_headers = next(spec.header) ~= nil
  spec.media, spec.media_count = {}, 0
  if spec.body == NULL then spec.body = nil else spec.body = link_shape(spec.body) end
  for grant, tree in pairs(spec.projections) do spec.projections[grant] = compile_root(tree) end
  for _, access in pairs(spec.access or {}) do
    access.request = access.request and compile_condition(access.request)
    access.answer = access.answer and compile_condition(access.answer)
  end
  if spec.shared ~= NULL then spec.shared = spec.projections[spec.shared] else spec.shared = nil end
  return spec
end

local function spec_of(handle)
  local context = handle:filterContext()
  local id = context:get("id")
  local spec = specs[id]
  if spec then return spec end
  if spec_count >= MAX_SPECS then specs, spec_count = {}, 0 end
  spec = link_spec(context:get("spec"))
  specs[id], spec_count = spec, spec_count + 1
  return spec
end

-- Answers of our own (RFC 9457) -------------------------------------------------------------------------------------------

local PROBLEM = "application/problem+json"
local ESCAPES = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function quoted(value)
  value = gsub(sub(value, 1, 200), '[%c"\\\127-\255]', function(c) return ESCAPES[c] or format("\\u%04x", byte(c)) end)
  return '"' .. value .. '"'
end

local function problem(status, code, title, detail, instance, path)
  return concat({
    '{"type":"urn:easement:problem:', code, '","title":', quoted(title), ',"status":', status, ',"code":"', code,
    '","detail":', quoted(detail), ',"instance":', quoted("urn:uuid:" .. (instance or "")),
    path and ',"errors":[{"path":' .. quoted(path) .. ',"message":' .. quoted(detail) .. "}]" or "", "}",
  })
end

local function note(handle, key, value)
  handle:streamInfo():dynamicMetadata():set("easement", key, value)
end

local function answer(handle, status, code, title, failure)
  note(handle, "verdict", failure.reason .. (failure.path ~= "" and " " .. sub(quoted(failure.path), 2, -2) or ""))
  local detail = failure.path ~= "" and failure.path .. " " .. failure.message or failure.message
  local body = problem(status, code, title, detail, handle:headers():get("x-request-id"), failure.path)
  handle:respond({ [":status"] = status, ["content-type"] = PROBLEM, ["x-easement-code"] = code }, body)
end

local function as_failure(caught)
  if type(caught) == "table" and caught.reason then return caught end
  return nil
end

-- The request ---------------------------------------------------------------------------------------------------------------

local function media_type(value)
  return lower(match(value, "^%s*([^;%s]+)") or "")
end

local function is_json(media)
  return media == "application/json" or find(media, "^application/[%w.+-]+%+json$") ~= nil
end

-- Whether the content type of an answer is JSON, found out once for each spelling.
local answer_types, answer_type_count = {}, 0

local function is_json_answer(content_type)
  local known = answer_types[content_type]
  if known ~= nil then return known end
  if answer_type_count >= MAX_MEDIA then answer_types, answer_type_count = {}, 0 end
  known = is_json(media_type(content_type))
  answer_types[content_type], answer_type_count = known, answer_type_count + 1
  return known
end

-- No parameter may speak of a charset, other than one that names UTF-8 in a form that is read in one way only.
local function is_utf8(content_type)
  local rest, given = gsub(lower(content_type), ';%s*charset=("?)utf%-8%1%s*%f[;%z]', "")
  return given <= 1 and not find(rest, "charset", 1, true)
end

local function declared(types, media)
  for _, wanted in ipairs(types) do
    if wanted == media or wanted == "*/*" then return true end
    if sub(wanted, -2) == "/*" and sub(media, 1, #wanted - 1) == sub(wanted, 1, -2) then return true end
  end
  return false
end

local function unsupported(message)
  error({ reason = "media-type", message = message, path = "", unsupported = true }, 0)
end

local function check_content_type(spec, content_type)
  local media = media_type(content_type)
  if not declared(spec.types, media) then unsupported("the content type is not one the contract names") end
  if not spec.body then return end
  if not is_json(media) then unsupported("the contract reads JSON only") end
  if not is_utf8(content_type) then unsupported("JSON is UTF-8 (RFC 8259 §8.1)") end
end

local function check_media(spec, headers)
  local content_type = headers:get("content-type") or ""
  if not spec.media[content_type] then
    check_content_type(spec, content_type)
    if spec.media_count >= MAX_MEDIA then spec.media, spec.media_count = {}, 0 end
    spec.media[content_type], spec.media_count = true, spec.media_count + 1
  end
  local encoding = headers:get("content-encoding")
  if encoding and encoding ~= "identity" then unsupported("an encoded body cannot be checked") end
end

local function too_large()
  error({ reason = "too-large", message = "the body is larger than the contract allows", path = "", too_large = true }, 0)
end

-- Returns the document that was checked, where there was one.
local function check_body(handle, spec)
  if (tonumber(handle:headers():get("content-length") or "0") or 0) > spec.max_body then too_large() end
  local buffer = handle:body()
  local length = buffer and buffer:length() or 0
  if length > spec.max_body then too_large() end
  if length == 0 then
    if spec.body_required then refuse("missing-body", "the contract requires a body", 0) end
    return nil
  end
  if not spec.types[1] then refuse("unexpected-body", "the contract declares no body", 0) end
  check_media(spec, handle:headers())
  if not spec.body then return nil end
  local document = buffer:getBytes(0, length)
  check_document(document, spec.body)
  return document
end

local function has_body(headers)
  return headers:get("transfer-encoding") ~= nil or (headers:get("content-length") or "0") ~= "0"
end

local UNBOUND = {}
local BASE64URL = { ["+"] = "-", ["/"] = "_", ["="] = "" }

-- RFC 8705 §3.1: the hash of the certificate that this connection was opened with is the one in the token.
local function is_bound_here(handle)
  local tokens = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
  local confirmation = tokens and tokens["jwt"] and tokens["jwt"]["cnf"]
  if not confirmation then return true end -- grants that need one let no token pass that has none
  local tls = handle:streamInfo():downstreamSslConnection()
  local digest = tls and tls:sha256PeerCertificateDigest()
  if not digest or #digest ~= 64 then return false end
  local raw = gsub(digest, "%x%x", function(pair) return char(tonumber(pair, 16)) end)
  local encoded = gsub(handle:base64Escape(raw), "[+/=]", BASE64URL)
  return confirmation["x5t#S256"] == encoded
end

local FORBIDDEN = {}

-- What conditions know of a call at any time.
local function known_of(handle, path)
  local tokens = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.jwt_authn")
  return { token = tokens and tokens["jwt"], path = path or {} }
end

local function access_of(handle, spec)
  if not spec.access then return nil end
  local decision = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.rbac")
  return decision and spec.access[decision["enforced_effective_policy_id"]]
end

-- One value of a declared parameter, as what it is declared.
local function typed(value, node)
  if value == nil then return WRONG end
  if node.types.string then return value end
  text = value
  return (tagged(1))
end

local function is_granted(handle, spec, access, path, query, document)
  local headers, known = handle:headers(), known_of(handle, path)
  known.method = headers:get(":method")
  known.query = function(name)
    local rule, values = spec.query[name], query and query[name]
    if not rule or rule.array ~= "" then return WRONG end
    return typed(values and values[1], rule.node)
  end
  known.headers = function(name)
    local rule = spec.header[name]
    if not rule or rule.array ~= "" then return WRONG end
    return typed(headers:get(name), rule.node)
  end
  known.body = WRONG
  if document then
    begin(document)
    known.body = tagged((after_space(1)))
  end
  return access.request(known) == true
end

local function check_request(handle)
  local spec = spec_of(handle)
  if spec.bound and not is_bound_here(handle) then return UNBOUND end
  local headers = handle:headers()
  local path, query, document -- of this request alone: where a body is waited for, others are checked meanwhile
  if spec.reads_target then path, query = check_target(spec, headers:get(":path")) end
  if spec.has_headers then check_headers(spec, headers) end
  if spec.reads_body then
    document = check_body(handle, spec)
  elseif has_body(headers) then
    refuse("unexpected-body", "the contract declares no body", 0)
  end
  local access = access_of(handle, spec)
  if not access then return end
  if access.request and not is_granted(handle, spec, access, path, query, document) then return FORBIDDEN end
  if access.answer then
    handle:streamInfo():dynamicMetadata():set("easement.access", "path", handle:headers():get(":path"))
  end
end

local function refuse_unbound(handle)
  note(handle, "verdict", "certificate-mismatch")
  local detail = "The token is bound to another client certificate than that of this connection."
  handle:respond({
    [":status"] = "401", ["content-type"] = PROBLEM, ["x-easement-code"] = "EAS-5402",
    ["www-authenticate"] = 'Bearer realm="easement", error="invalid_token"',
  }, problem("401", "EAS-5402", "The access token is not valid", detail, handle:headers():get("x-request-id")))
end

function envoy_on_request(handle)
  local ok, caught = pcall(check_request, handle)
  if ok and caught == UNBOUND then return refuse_unbound(handle) end
  if ok and caught == FORBIDDEN then
    local message = "No contract in force grants this operation to this account with this token and this content."
    return answer(handle, "403", "EAS-5403", "Not granted", { reason = "access-condition", message = message, path = "" })
  end
  if ok then return end
  local failure = as_failure(caught)
  if not failure then
    handle:logErr("contract runtime: " .. tostring(caught))
    answer(handle, "500", "EAS-5500", "The gateway could not check the request", { reason = "runtime", message = "internal error", path = "" })
  elseif failure.too_large then
    answer(handle, "413", "EAS-5413", "The body is too large", failure)
  elseif failure.unsupported then
    answer(handle, "415", "EAS-5415", "The content type is not accepted", failure)
  else
    answer(handle, "400", "EAS-5400", "The request does not fit its contract", failure)
  end
end

-- The answer ----------------------------------------------------------------------------------------------------------------

-- A place may be named by its path; another host, and every scheme, is the target's own business.
local function is_local(location)
  return find(location, "^/[^/]") ~= nil and not find(location, "[%c\\]")
end

local function replace_answer(handle, status, code, title, detail, verdict)
  note(handle, "verdict", verdict)
  local buffer = handle:body(true)
  local headers = handle:headers() -- what was read before the body came is out of scope
  headers:replace(":status", status)
  headers:replace("content-type", PROBLEM)
  headers:replace("x-easement-code", code)
  headers:remove("content-encoding")
  headers:remove("etag")
  headers:remove("last-modified")
  headers:remove("location")
  headers:remove("content-length")
  buffer:setBytes(problem(status, code, title, detail, headers:get("x-transaction-id")))
end

local function projection_of(handle, spec)
  if spec.shared then return spec.shared end
  local decision = handle:streamInfo():dynamicMetadata():get("envoy.filters.http.rbac")
  return decision and spec.projections[decision["enforced_effective_policy_id"]]
end

-- What of an answer the caller's condition lets it see. Where that is not the one object there is, the answer is that of
-- a target that has none, for who may not see an object should not learn that it is there.
local function seen_of(handle, spec, access, whole)
  check_document(whole, ANY)
  local kept = handle:streamInfo():dynamicMetadata():get("easement.access")
  local path = kept and kept["path"] or ""
  local known = known_of(handle, check_path(spec, match(path, "^[^?]*")))
  known.method = "GET"
  local seen, hidden = visible(whole, access.place, function(object)
    known.resource = object
    return access.answer(known)
  end)
  if not seen then error({ reason = "object", message = "is not the caller's", path = "", is_hidden = true }, 0) end
  return seen, hidden
end

local function check_answer(handle, spec, headers)
  local content_type, encoding = headers:get("content-type"), headers:get("content-encoding")
  local buffer = handle:body()
  local length = buffer and buffer:length() or 0
  if length == 0 then return end
  if encoding and encoding ~= "identity" then refuse("response-encoded", "is encoded", 0) end
  if not content_type or not is_json_answer(content_type) then refuse("response-not-json", "is not JSON", 0) end
  local projection = projection_of(handle, spec)
  if not projection then refuse("response-without-grant", "has no projection", 0) end
  local whole, access = buffer:getBytes(0, length), access_of(handle, spec)
  local seen, hidden = whole, 0
  if access and access.answer then seen, hidden = seen_of(handle, spec, access, whole) end
  local document = projected(seen, projection)
  if not document and hidden == 0 then return end
  buffer:setBytes(document or seen)
  local names = removal.text
  if hidden > 0 then names = concat(access.place, ".") .. "[]" .. (names ~= "" and "," or "") .. names end
  if names ~= "" then note(handle, "removed", names) end
end

-- The statuses that end a request.
local FINAL = {}
for status = 200, 599 do FINAL[tostring(status)] = true end

local TARGET_ERROR, NOT_PASSED_ON = "The target answered with an error", "The target's own words are not passed on."

local function on_answer(handle)
  local headers = handle:headers()
  local status = headers:get(":status")
  if byte(status) ~= 50 and headers:get("x-easement-code") then return end
  local location = headers:get("location")
  if location and not is_local(location) then headers:remove("location") end
  if not FINAL[status] then
    replace_answer(handle, "502", "EAS-5502", "The target broke its contract", "The status of the target is none that ends a request.", "response:status")
    return
  end
  if headers:get("content-length") == "0" and byte(status) == 50 then return end
  local spec = spec_of(handle)
  if spec.shows and status == "401" then
    replace_answer(handle, "503", "EAS-5506", "The target was not shown what it asks for", "The gateway has no credential that the target takes. This is not about yours.", "target-credential")
    return
  end
  if spec.bodiless or status == "204" or status == "304" then return end
  if byte(status) ~= 50 then
    replace_answer(handle, status, "EAS-5599", TARGET_ERROR, NOT_PASSED_ON, "target-error")
    return
  end
  local ok, caught = pcall(check_answer, handle, spec, headers)
  if ok then return end
  local failure = as_failure(caught)
  if not failure then error(caught, 0) end
  if failure.is_hidden then
    note(handle, "code", "EAS-5414")
    replace_answer(handle, "404", "EAS-5599", TARGET_ERROR, NOT_PASSED_ON, "object-not-granted")
    return
  end
  replace_answer(handle, "502", "EAS-5502", "The target broke its contract", "The answer of the target " .. failure.message .. ".", "response:" .. failure.reason)
end

function envoy_on_response(handle)
  local ok, caught = pcall(on_answer, handle)
  if ok then return end
  handle:logErr("contract runtime: " .. tostring(caught))
  replace_answer(handle, "502", "EAS-5502", "The target broke its contract", "The answer could not be checked.", "response:runtime")
end
