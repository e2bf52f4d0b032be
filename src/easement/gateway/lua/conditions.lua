-- The parts of `access` that read content (gateway/runtime_condition.py), as functions of what is known of a call. A
-- value is a text, a number, a boolean, NULL, { map = fields } or { list = items, count = n }. What is missing or of the
-- wrong kind is WRONG; only logic goes on from there, as CEL has it, and a condition that ends in it refuses.

local WRONG = {}

local function tagged(i)
  local c = byte(text, i)
  if c == 34 then
    local after, escaped = after_string(i)
    return string_value(i, after, escaped), after
  elseif c == 123 or c == 91 then
    local found, count, close, after = {}, 0, c + 2, nil
    i, c = after_space(i + 1)
    while c ~= close do
      if c == 44 then i = after_space(i + 1) end
      count = count + 1
      local key = count
      if close == 125 then
        local ended, escaped = after_string(i)
        key = string_value(i, ended, escaped)
        i = after_space(after_space(ended) + 1)
      end
      found[key], after = tagged(i)
      i, c = after_space(after)
    end
    return close == 125 and { map = found } or { list = found, count = count }, i + 1
  elseif c == 116 then
    return true, i + 4
  elseif c == 102 then
    return false, i + 5
  elseif c == 110 then
    return NULL, i + 4
  end
  local after = after_number(i)
  local value = tonumber(sub(text, i, after - 1))
  if value >= EXACT or value <= -EXACT then value = WRONG end
  return value, after
end

-- What Envoy gives of a token: tables without a kind. An empty one is either.
local function from_claims(value)
  if value == nil then return WRONG end
  if type(value) == "number" and (value >= EXACT or value <= -EXACT) then return WRONG end
  if type(value) ~= "table" then return value end
  local found = {}
  if value[1] ~= nil or next(value) == nil then
    for index, item in ipairs(value) do found[index] = from_claims(item) end
    return { list = found, count = #found }
  end
  for key, item in pairs(value) do found[key] = from_claims(item) end
  return { map = found }
end

local CLAIMS = { aud = true, client_id = true, exp = true, iat = true, iss = true, jti = true, nbf = true, scope = true, sub = true }

local function claim(known, name)
  local token = known.token
  if not token then return WRONG end
  if CLAIMS[name] then return from_claims(token[name]) end
  return from_claims(type(token["attributes"]) == "table" and token["attributes"][name] or nil)
end

local function equal(left, right)
  if left == WRONG or right == WRONG then return WRONG end
  if type(left) ~= "table" or type(right) ~= "table" or left == right then return left == right end
  if left.list and right.list then
    if left.count ~= right.count then return false end
    for index = 1, left.count do
      local same = equal(left.list[index], right.list[index])
      if same ~= true then return same end
    end
    return true
  elseif left.map and right.map then
    for key in pairs(right.map) do
      if left.map[key] == nil then return false end
    end
    for key, value in pairs(left.map) do
      if right.map[key] == nil then return false end
      local same = equal(value, right.map[key])
      if same ~= true then return same end
    end
    return true
  end
  return false
end

local function ordered(compare)
  return function(left, right)
    local kind = type(left)
    if kind ~= type(right) then return WRONG end
    if kind == "boolean" then return compare(left and 1 or 0, right and 1 or 0) end
    if kind ~= "number" and kind ~= "string" then return WRONG end
    return compare(left, right)
  end
end

local function on_texts(compare)
  return function(left, right)
    if type(left) ~= "string" or type(right) ~= "string" then return WRONG end
    return compare(left, right)
  end
end

local function member(owner, key)
  if type(owner) ~= "table" then return WRONG end
  local found
  if owner.map and type(key) == "string" then
    found = owner.map[key]
  elseif owner.list and type(key) == "number" and key % 1 == 0 and key >= 0 then
    found = owner.list[key + 1]
  end
  if found == nil then return WRONG end
  return found
end

local function size_of(value)
  if type(value) == "string" then
    local _, count = gsub(value, "[^\128-\191]", "")
    return count
  elseif type(value) == "table" and value.list then
    return value.count
  elseif type(value) == "table" and value.map then
    local count = 0
    for _ in pairs(value.map) do count = count + 1 end
    return count
  end
  return WRONG
end

local function is_in(value, whole)
  if type(whole) ~= "table" or value == WRONG then return WRONG end
  if whole.map then return type(value) == "string" and whole.map[value] ~= nil or false end
  if not whole.list then return WRONG end
  local outcome = false
  for index = 1, whole.count do
    local same = equal(value, whole.list[index])
    if same == true then return true end
    if same == WRONG then outcome = WRONG end
  end
  return outcome
end

local BINARY = {
  eq = equal,
  ne = function(left, right)
    local same = equal(left, right)
    if same == WRONG then return WRONG end
    return not same
  end,
  lt = ordered(function(left, right) return left < right end),
  le = ordered(function(left, right) return left <= right end),
  gt = ordered(function(left, right) return left > right end),
  ge = ordered(function(left, right) return left >= right end),
  starts = on_texts(function(whole, part) return sub(whole, 1, #part) == part end),
  ends = on_texts(function(whole, part) return part == "" or sub(whole, -#part) == part end),
  holds = on_texts(function(whole, part) return find(whole, part, 1, true) ~= nil end),
  get = member,
  ["in"] = is_in,
}

-- `decided` is the operand that decides alone: false for `and`, true for `or`.
local function logic(left, right, decided)
  return function(known)
    local one = left(known)
    if one == decided then return decided end
    local other = right(known)
    if other == decided then return decided end
    if type(one) ~= "boolean" or type(other) ~= "boolean" then return WRONG end
    return not decided
  end
end

local compile_condition

local PLAIN = {
  value = function(said)
    local value = said[2]
    if value == nil then value = NULL end
    return function() return value end
  end,
  principal = function(said) return function(known) return claim(known, said[2]) end end,
  method = function() return function(known) return known.method end end,
  path = function(said) return function(known) return known.path[said[2]] or WRONG end end,
  body = function() return function(known) return known.body end end,
  resource = function() return function(known) return known.resource end end,
  query = function(said) return function(known) return known.query(said[2]) end end,
  headers = function(said) return function(known) return known.headers(said[2]) end end,
  given = function(said) return function(known) return known[said[2]](said[3]) ~= WRONG end end,
}

local function operands(said)
  local found = {}
  for index = 2, #said do found[#found + 1] = compile_condition(said[index]) end
  return found
end

local OPERATIONS = {
  ["and"] = function(said) return logic(compile_condition(said[2]), compile_condition(said[3]), false) end,
  ["or"] = function(said) return logic(compile_condition(said[2]), compile_condition(said[3]), true) end,
  ["not"] = function(said)
    local inner = compile_condition(said[2])
    return function(known)
      local value = inner(known)
      if type(value) ~= "boolean" then return WRONG end
      return not value
    end
  end,
  ["if"] = function(said)
    local asked, one, other = unpack(operands(said))
    return function(known)
      local value = asked(known)
      if type(value) ~= "boolean" then return WRONG end
      if value then return one(known) end
      return other(known)
    end
  end,
  size = function(said)
    local inner = compile_condition(said[2])
    return function(known) return size_of(inner(known)) end
  end,
  list = function(said)
    local items = operands(said)
    return function(known)
      local found = {}
      for index, item in ipairs(items) do found[index] = item(known) end
      return { list = found, count = #items }
    end
  end,
  has = function(said)
    local name = said[3]
    if said[2][1] == "principals" then return function(known) return claim(known, name) ~= WRONG end end
    local owner = compile_condition(said[2])
    return function(known)
      local value = owner(known)
      if type(value) ~= "table" or not value.map then return WRONG end
      return value.map[name] ~= nil
    end
  end,
}

function compile_condition(said)
  local name = said[1]
  local make = PLAIN[name] or OPERATIONS[name]
  if make then return make(said) end
  local decide = BINARY[name]
  local left, right = compile_condition(said[2]), compile_condition(said[3])
  return function(known) return decide(left(known), right(known)) end
end

-- The objects of an answer that the caller may see: the document without the others, how many were cut, or nil where
-- the one that there is may not be seen. `place` says where they are; the document has been checked.
local function visible(document, place, holds)
  begin(document)
  local i = after_space(1)
  for _, name in ipairs(place) do
    if byte(text, i) ~= 123 then return document, 0 end
    local c, at = nil, nil
    i, c = after_space(i + 1)
    while c ~= 125 do
      if c == 44 then i = after_space(i + 1) end
      local ended, escaped = after_string(i)
      local start = after_space(after_space(ended) + 1)
      if string_value(i, ended, escaped) == name then
        at = start
        break
      end
      local _, after = tagged(start)
      i, c = after_space(after)
    end
    if not at then return document, 0 end
    i = at
  end
  local c = byte(text, i)
  if c == 110 then return document, 0 end
  if c ~= 91 then
    if holds((tagged(i))) ~= true then return nil, 1 end
    return document, 0
  end
  local kept, count, hidden, open = {}, 0, 0, i
  i, c = after_space(i + 1)
  while c ~= 93 do
    if c == 44 then i = after_space(i + 1) end
    local value, after = tagged(i)
    if holds(value) == true then
      count = count + 1
      kept[count] = sub(text, i, after - 1)
    else
      hidden = hidden + 1
    end
    i, c = after_space(after)
  end
  if hidden == 0 then return document, 0 end
  return sub(text, 1, open) .. concat(kept, ",") .. sub(text, i), hidden
end
