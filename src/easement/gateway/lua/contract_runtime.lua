-- The contract runtime: one script for every route of the gateway; what a route demands is data.
--
-- A route's filter context holds `id` (from the SHA-256 of `spec`) and `spec` (JSON, see gateway/route_contract.py). It is
-- decoded once per worker and kept by id. Nothing here trusts the caller, the target, or a header that either may
-- forge; whatever goes wrong ends in a refusal, never in a request or response that passes unread.

local byte, char, find, format, gsub, lower, match, rep, sub =
  string.byte, string.char, string.find, string.format, string.gsub, string.lower, string.match, string.rep, string.sub
local concat, sort = table.concat, table.sort
local floor = math.floor
local error, ipairs, next, pairs, pcall, tonumber, tostring, type =
  error, ipairs, next, pairs, pcall, tonumber, tostring, type

local MAX_DEPTH = 64
local MAX_SPECS = 20000
local MAX_REMOVED = 40
local MAX_REMOVAL_STATES = 5000
local MAX_MEDIA = 50
local INFINITE = 1 / 0
local NULL = {}

-- The document being read. A worker runs one scan at a time and no scan yields, so these need no owner.
local text = ""
local trail = {}

-- Refusals ----------------------------------------------------------------------------------------------------------

local function pointer(depth)
  local parts = {}
  for level = 1, depth do
    parts[level] = gsub(gsub(tostring(trail[level]), "~", "~0"), "/", "~1")
  end
  return depth == 0 and "" or "/" .. concat(parts, "/")
end

local function refuse(reason, message, depth)
  error({ reason = reason, message = message, path = pointer(depth) }, 0)
end

local function broken(message, at)
  error({ reason = "malformed-json", message = format("%s at byte %d", message, at), path = "" }, 0)
end

-- JSON text (RFC 8259), strict: no byte order mark, no duplicate name, no lone surrogate, valid UTF-8 (RFC 3629) --------

local function after_multibyte(i, c)
  local low, high, more = 128, 191, 1
  if c >= 194 and c <= 223 then
    more = 1
  elseif c >= 224 and c <= 239 then
    more = 2
    if c == 224 then low = 160 elseif c == 237 then high = 159 end
  elseif c >= 240 and c <= 244 then
    more = 3
    if c == 240 then low = 144 elseif c == 244 then high = 143 end
  else
    broken("invalid UTF-8", i)
  end
  for k = 1, more do
    local d = byte(text, i + k)
    if not d or d < low or d > high then broken("invalid UTF-8", i + k) end
    low, high = 128, 191
  end
  return i + more + 1
end

local function hex4(i)
  local digits = match(text, "^%x%x%x%x", i)
  if not digits then broken("incomplete \\u escape", i) end
  return tonumber(digits, 16)
end

local SIMPLE_ESCAPE = { [34] = '"', [92] = "\\", [47] = "/", [98] = "\b", [102] = "\f", [110] = "\n", [114] = "\r", [116] = "\t" }

-- The index after an escape at i, and the code point of a \u escape.
local function after_escape(i)
  local c = byte(text, i + 1)
  if c ~= 117 then
    if not SIMPLE_ESCAPE[c] then broken("unknown escape", i) end
    return i + 2
  end
  local code = hex4(i + 2)
  if code < 0xD800 or code > 0xDFFF then return i + 6, code end
  if code > 0xDBFF or byte(text, i + 6) ~= 92 or byte(text, i + 7) ~= 117 then broken("lone surrogate", i) end
  local tail = hex4(i + 8)
  if tail < 0xDC00 or tail > 0xDFFF then broken("lone surrogate", i) end
  return i + 12, 0x10000 + (code - 0xD800) * 0x400 + (tail - 0xDC00)
end

local function after_other_string(i)
  local escaped, length = false, 0
  i = i + 1
  while true do
    local c = byte(text, i)
    if not c then broken("a string has no end", i) end
    if c == 34 then return i + 1, escaped, length end
    if c == 92 then
      escaped = true
      i = after_escape(i)
    elseif c < 32 then
      broken("control character in a string", i)
    elseif c < 128 then
      i = i + 1
    else
      i = after_multibyte(i, c)
    end
    length = length + 1
  end
end

-- i is at the opening quote. Returns the index after the closing one, whether there are escapes, and the code points.
local function after_string(i)
  local document, start = text, i + 1
  local k = start
  local c = byte(document, k)
  while c ~= 34 do
    if not c or c < 32 or c == 92 or c > 127 then return after_other_string(i) end
    k = k + 1
    c = byte(document, k)
  end
  return k + 1, false, k - start
end

local function utf8_of(code)
  if code < 0x80 then return char(code) end
  if code < 0x800 then return char(0xC0 + floor(code / 0x40), 0x80 + code % 0x40) end
  if code < 0x10000 then
    return char(0xE0 + floor(code / 0x1000), 0x80 + floor(code / 0x40) % 0x40, 0x80 + code % 0x40)
  end
  return char(0xF0 + floor(code / 0x40000), 0x80 + floor(code / 0x1000) % 0x40, 0x80 + floor(code / 0x40) % 0x40,
    0x80 + code % 0x40)
end

-- The value of the string token from the quote at i to the index after it.
local function string_value(i, after, escaped)
  if not escaped then return sub(text, i + 1, after - 2) end
  local parts, start, k = {}, i + 1, i + 1
  while k < after - 1 do
    if byte(text, k) == 92 then
      parts[#parts + 1] = sub(text, start, k - 1)
      local step, code = after_escape(k)
      parts[#parts + 1] = code and utf8_of(code) or SIMPLE_ESCAPE[byte(text, k + 1)]
      k, start = step, step
    else
      k = k + 1
    end
  end
  parts[#parts + 1] = sub(text, start, after - 2)
  return concat(parts)
end

-- Numbers as RFC 8259 §6 writes them, as an automaton: NUMBER[state + byte] is the next state, 0 ends.
local NUMBER = {}
local MINUS, ZERO, DIGITS, DOT, FRACTION, EXPONENT, SIGN, POWER = 256, 512, 768, 1024, 1280, 1536, 1792, 2048
for index = 0, POWER + 255 do NUMBER[index] = 0 end

local function on_digit(state, following)
  for digit = 48, 57 do NUMBER[state + digit] = following end
end

for _, state in ipairs({ 0, MINUS }) do
  on_digit(state, DIGITS)
  NUMBER[state + 48] = ZERO
end
NUMBER[45] = MINUS
for _, state in ipairs({ DIGITS, DOT, FRACTION, EXPONENT, SIGN, POWER }) do
  on_digit(state, state == DIGITS and DIGITS or (state == DOT or state == FRACTION) and FRACTION or POWER)
end
for _, state in ipairs({ ZERO, DIGITS, FRACTION }) do
  NUMBER[state + 101], NUMBER[state + 69] = EXPONENT, EXPONENT
end
NUMBER[ZERO + 46], NUMBER[DIGITS + 46] = DOT, DOT
NUMBER[EXPONENT + 43], NUMBER[EXPONENT + 45] = SIGN, SIGN

-- Returns the index after the number and whether it is written as a plain integer.
local function after_number(i)
  local document, state, following = text, 0, NUMBER[byte(text, i)]
  while following ~= 0 do
    state = following
    i = i + 1
    following = NUMBER[state + (byte(document, i) or 0)]
  end
  if state == ZERO or state == DIGITS then return i, true end
  if state ~= FRACTION and state ~= POWER then broken("a digit is missing", i) end
  return i, false
end

local function after_word(i, word)
  local after = i + #word
  if sub(text, i, after - 1) ~= word then broken("unknown word", i) end
  return after
end

local function after_more_space(i)
  local c
  repeat
    i = i + 1
    c = byte(text, i)
  until c ~= 32 and c ~= 10 and c ~= 13 and c ~= 9
  return i, c
end

-- Most documents have one space here or none, and a step without a loop is one that LuaJIT compiles along.
local function after_space(i)
  local c = byte(text, i)
  if c == 32 then
    i = i + 1
    c = byte(text, i)
  end
  if c == 32 or c == 10 or c == 13 or c == 9 then return after_more_space(i) end
  return i, c
end

-- What a value is held to ---------------------------------------------------------------------------------------------

-- Nodes (interfaces/shape.py) all have the same fields, in the same order, and so do rules: then LuaJIT finds a field
-- of any of them with the same few instructions.
local function new_types(all)
  return { object = all, array = all, string = all, number = all, integer = all, boolean = all, null = all }
end

local function new_node()
  return {
    types = new_types(true), type_text = "", enum = false, texts = false, props = {}, extra = false, items = false,
    needs = {}, needed = 0, required = {}, minlen = 0, maxlen = INFINITE, minitems = 0, maxitems = INFINITE,
    min = -INFINITE, max = INFINITE, xmin = -INFINITE, xmax = INFINITE,
  }
end

local ANY = new_node()
ANY.extra, ANY.items = ANY, ANY

-- What passes of an answer: with `members` those that it names (`scalar`: and a bare value in their place), else all of
-- it. Where it `masks`, three stars stand for what would pass. Where it `is_value`, objects do not.
local function new_rule(prefix, path)
  return { members = false, scalar = false, masks = false, is_value = false, prefix = prefix, path = path }
end

local CLEAR, MASKED = new_rule("", ""), new_rule("", "")
MASKED.masks = true

local function check_type(node, name, depth)
  if not node.types[name] then refuse("wrong-type", "must be " .. node.type_text, depth) end
end

local function check_enum(node, value, depth)
  if node.enum and not node.enum[value] then refuse("not-in-enum", "is not one of the allowed values", depth) end
end

local function check_length(node, length, depth)
  if length < node.minlen then refuse("too-short", "is shorter than " .. node.minlen, depth) end
  if length > node.maxlen then refuse("too-long", "is longer than " .. node.maxlen, depth) end
end

local function check_string(node, i, after, escaped, length, depth)
  if not node.types.string then refuse("wrong-type", "must be " .. node.type_text, depth) end
  if node.texts and not node.texts[string_value(i, after, escaped)] then
    refuse("not-in-enum", "is not one of the allowed values", depth)
  end
  check_length(node, length, depth)
end

-- An integer is a number without a fraction, however written (JSON Schema 2020-12 core §4.2.3).
local function check_number(node, value, plain, depth)
  if value == INFINITE or value == -INFINITE then refuse("too-large", "is beyond any number", depth) end
  local types = node.types
  if not types.number and not (types.integer and (plain or value % 1 == 0)) then
    refuse("wrong-type", "must be " .. node.type_text, depth)
  end
  check_enum(node, value, depth)
  if value < node.min then refuse("too-small", "is less than " .. node.min, depth) end
  if value > node.max then refuse("too-large", "is more than " .. node.max, depth) end
  if value <= node.xmin then refuse("too-small", "must be more than " .. node.xmin, depth) end
  if value >= node.xmax then refuse("too-large", "must be less than " .. node.xmax, depth) end
end

local function check_items(node, count, depth)
  if count < node.minitems then refuse("too-few", "has fewer than " .. node.minitems .. " items", depth) end
  if count > node.maxitems then refuse("too-many", "has more than " .. node.maxitems .. " items", depth) end
end

-- What is removed from an answer ---------------------------------------------------------------------------------------

-- The answer is cut, not rebuilt: what passes is copied in runs as long as they are. `from` is where the run began.
local out, out_count, from, changed

local function copy_until(stop)
  out_count = out_count + 1
  out[out_count] = sub(text, from, stop - 1)
  changed = true
end

local function put(piece)
  out_count = out_count + 1
  out[out_count] = piece
end

local function mask(start, after)
  copy_until(start)
  put('"***"')
  from = after
end

-- Which names were removed is a state that each removal leads on from; the states are shared by all answers, so the
-- text for the audit log is made once for each set of names.
local removal_root = { names = {}, count = 0, following = {}, text = "" }
local removal_states = 0
local removal

local function state_after(state, name)
  local names = {}
  for known in pairs(state.names) do names[known] = true end
  names[name] = true
  local list = {}
  for known in pairs(names) do list[#list + 1] = gsub(sub(known, 1, 128), "%c", "?") end
  sort(list)
  if state.count + 1 == MAX_REMOVED then list[#list + 1] = "..." end
  return { names = names, count = state.count + 1, following = {}, text = concat(list, ",") }
end

local function note_removed(projection, key)
  local name = key and projection.prefix .. key or projection.path
  changed = true
  if removal.names[name] or removal.count >= MAX_REMOVED then return end
  local following = removal.following[name]
  if not following then
    if removal_states >= MAX_REMOVAL_STATES then
      removal_root.following, removal_states = {}, 0
    end
    following = state_after(removal, name)
    removal.following[name], removal_states = following, removal_states + 1
  end
  removal = following
end

-- Whether anything may pass of a value that starts with byte c.
local function passes(rule, c)
  if not rule.members then return true end
  if c == 123 then return not rule.is_value end
  return c == 91 or c == 110 or rule.scalar
end

-- Documents -------------------------------------------------------------------------------------------------------------

-- The objects and arrays around the value being read, by depth; used again for each document. `names` holds the names
-- at that depth with the number of the object that had them last, so that no object needs a table of its own.
local frames = {}
local object_number, names_size = 0, 0
local MAX_NAMES_SIZE = 65536

local function forget_names()
  for _, frame in pairs(frames) do frame.names = {} end
  names_size = 0
end

for depth = 1, MAX_DEPTH + 3 do
  frames[depth] = {
    close = 0, node = ANY, rule = false, names = {}, number = 0, count = 0, missing = 0, kept = false, gap = false, tail = 0,
  }
end

local function open_frame(depth, c, node, rule, tail)
  local frame = frames[depth]
  object_number = object_number + 1
  frame.close, frame.node, frame.rule, frame.number = c + 2, node, rule.members and rule or false, object_number
  frame.count, frame.missing, frame.kept, frame.gap, frame.tail = 0, node.needed, false, false, tail
  return frame
end

local function note_name(frame, key, depth)
  trail[depth] = key
  local names = frame.names
  local last = names[key]
  if last == frame.number then refuse("duplicate-name", "is given twice", depth) end
  if not last then names_size = names_size + #key end
  names[key] = frame.number
  if frame.missing > 0 and frame.node.needs[key] then frame.missing = frame.missing - 1 end
end

local function refuse_missing(frame, depth)
  for _, name in ipairs(frame.node.required) do
    if frame.names[name] ~= frame.number then
      trail[depth] = name
      refuse("missing-field", "is required", depth)
    end
  end
end

-- The rule for a member or an item that starts with byte c. Members that pass are left in the run; before the first one
-- after a gap the run ends where the last one that passes ended (`tail`), and a new run begins.
local function rule_of(frame, key, start, c)
  local projection = frame.rule
  local rule = projection
  if key then rule = projection.members[key] end
  if not rule or not passes(rule, c) then
    if rule then note_removed(rule, nil) else note_removed(projection, key) end
    frame.gap = true
    return CLEAR
  end
  if frame.gap then
    copy_until(frame.tail)
    if frame.kept then put(",") end
    from, frame.gap = start, false
  end
  frame.kept = true
  return rule
end

local VALUE, NEXT, AFTER = 0, 1, 2

-- Reads the value at i, whose first byte is c: holds it to `node`, and cuts away what `rule` does not let pass. Returns
-- the index after it. A loop with a stack, without recursion: what calls itself is not compiled.
local function read_value(i, c, node, rule, base)
  local state, depth, frame = VALUE, base, nil
  local masked_from, masked_depth = 0, -1
  while true do
    if state ~= AFTER then
      if state == NEXT then -- a member or an item begins at i
        local start, key = i, nil
        if frame.close == 125 then
          if c ~= 34 then broken("a name is missing", i) end
          local after, escaped = after_string(i)
          key = string_value(i, after, escaped)
          note_name(frame, key, depth)
          i, c = after_space(after)
          if c ~= 58 then broken("':' is missing", i) end
          i, c = after_space(i + 1)
          node = frame.node.props[key] or frame.node.extra
          if not node then refuse("unknown-field", "is not declared in the contract", depth) end
        else
          trail[depth] = frame.count
          frame.count = frame.count + 1
          node = frame.node.items
        end
        rule = frame.rule and rule_of(frame, key, start, c) or CLEAR
      end
      state = AFTER
      if c == 34 then
        local after, escaped, length = after_string(i)
        if node ~= ANY then check_string(node, i, after, escaped, length, depth) end
        if rule.masks then mask(i, after) end
        i = after
      elseif c == 123 or c == 91 then
        if depth - base >= MAX_DEPTH then refuse("too-deep", "is nested too deeply", 0) end
        check_type(node, c == 123 and "object" or "array", depth)
        check_enum(node, NULL, depth)
        if rule.masks and not rule.members then masked_from, masked_depth = i, depth end
        depth = depth + 1
        frame = open_frame(depth, c, node, rule, i + 1)
        i, c = after_space(i + 1)
        if c ~= frame.close then state = NEXT end
      elseif c == 45 or (c and c >= 48 and c <= 57) then
        local after, plain = after_number(i)
        if node ~= ANY then check_number(node, tonumber(sub(text, i, after - 1)), plain, depth) end
        if rule.masks then mask(i, after) end
        i = after
      elseif c == 116 or c == 102 then
        local after = after_word(i, c == 116 and "true" or "false")
        check_type(node, "boolean", depth)
        check_enum(node, c == 116, depth)
        if rule.masks then mask(i, after) end
        i = after
      elseif c == 110 then
        local after = after_word(i, "null")
        check_type(node, "null", depth)
        check_enum(node, "null", depth)
        if rule.masks and not rule.members then mask(i, after) end
        i = after
      else
        broken("a value is missing", i)
      end
    end
    if state == AFTER then -- a value, or all that an object or array holds, ended before i
      if depth == base then return i end
      if not frame.gap then frame.tail = i end
      i, c = after_space(i)
      if c == 44 then
        i, c = after_space(i + 1)
        state = NEXT
      elseif c == frame.close then
        if frame.gap then
          copy_until(frame.tail)
          from = i
        end
        if frame.missing > 0 then refuse_missing(frame, depth) end
        depth = depth - 1
        if c == 93 then check_items(frame.node, frame.count, depth) end
        i = i + 1
        if depth == masked_depth then
          mask(masked_from, i)
          masked_depth = -1
        end
        frame = frames[depth]
      else
        broken(frame.close == 125 and "',' or '}' is missing" or "',' or ']' is missing", i)
      end
    end
  end
end

local function begin(document)
  text = document
  if names_size > MAX_NAMES_SIZE then forget_names() end
  return after_space(1)
end

local function finish(i)
  local at, c = after_space(i)
  if c then broken("text after the end", at) end
end

-- Reads the whole document: one value, nothing before or after it but white space.
local function check_document(document, node)
  local i, c = begin(document)
  finish(read_value(i, c, node, CLEAR, 0))
end

-- The projected document, or nil where it passes as it is.
local function projected(document, rule)
  local i, c = begin(document)
  out, out_count, from, changed, removal = {}, 0, 1, false, removal_root
  if passes(rule, c) then
    i = read_value(i, c, ANY, rule, 0)
  else
    note_removed(rule, nil)
    copy_until(i)
    put("null")
    i = read_value(i, c, ANY, CLEAR, 0)
    from = i
  end
  finish(i)
  if not changed then return nil end
  copy_until(#document + 1)
  return concat(out, "", 1, out_count)
end

-- Decoding of our own specs, which have no white space. Apart from the code above: what LuaJIT learns of that should come
-- from documents.

local decode

local function decode_members(i, close, take)
  i = i + 1
  while byte(text, i) ~= close do
    i = take(i)
    if byte(text, i) == 44 then i = i + 1 end
  end
  return i + 1
end

function decode(i)
  local c = byte(text, i)
  if c == 34 then
    local after, escaped = after_other_string(i)
    return escaped and string_value(i, after, true) or sub(text, i + 1, after - 2), after
  elseif c == 123 then
    local object = {}
    return object, decode_members(i, 125, function(k)
      local key, after = decode(k)
      object[key], after = decode(after + 1)
      return after
    end)
  elseif c == 91 then
    local array = {}
    return array, decode_members(i, 93, function(k)
      local after
      array[#array + 1], after = decode(k)
      return after
    end)
  elseif c == 116 then
    return true, i + 4
  elseif c == 102 then
    return false, i + 5
  elseif c == 110 then
    return NULL, i + 4
  end
  local digits = match(text, "^[-+.%deE]+", i)
  return tonumber(digits), i + #digits
end

local function set_of(values)
  local set, count = {}, 0
  for _, value in ipairs(values) do
    if set[value] == nil then count = count + 1 end
    set[value] = true
  end
  return set, count
end

-- Texts stand apart from the other values of an `enum`; of those null goes by its name, objects and arrays by nothing.
local function enum_sets(values)
  local texts, others = {}, {}
  for _, value in ipairs(values) do
    if type(value) == "string" then texts[value] = true else others[value == NULL and "null" or value] = true end
  end
  return texts, others
end

local LIMITS = { "minlen", "maxlen", "minitems", "maxitems", "min", "max", "xmin", "xmax" }

-- A table of nodes that refer to each other by index becomes a graph of tables.
local function link_shape(shape)
  local nodes = {}
  for index = 1, #shape.nodes do nodes[index] = new_node() end
  local function at(index) return nodes[index + 1] end
  for index, said in ipairs(shape.nodes) do
    local node = nodes[index]
    if said.type then
      node.type_text, node.types = concat(said.type, " or "), new_types(false)
      for _, name in ipairs(said.type) do node.types[name] = true end
    end
    if said.enum then node.texts, node.enum = enum_sets(said.enum) end
    for _, name in ipairs(LIMITS) do node[name] = said[name] or node[name] end
    if said.required then
      node.required = said.required
      node.needs, node.needed = set_of(said.required)
    end
    for name, target in pairs(said.props or {}) do node.props[name] = at(target) end
    if type(said.extra) == "number" then node.extra = at(said.extra) else node.extra = said.extra ~= false and ANY end
    node.items = said.items and at(said.items) or ANY
  end
  return at(shape.root)
end

-- Parameters --------------------------------------------------------------------------------------------------------------

local function percent_decoded(raw, name, plus_is_space)
  if plus_is_space then raw = gsub(raw, "%+", " ") end
  if find(raw, "%", 1, true) then
    if find(raw, "%%%X") or find(raw, "%%.%X") or find(raw, "%%.?$") then
      trail[1] = name
      refuse("malformed-parameter", "has an incomplete percent escape", 1)
    end
    raw = gsub(raw, "%%(%x%x)", function(digits) return char(tonumber(digits, 16)) end)
  end
  return raw
end

-- Checks one value as text: it is a string, or else must be written as JSON writes a number, a boolean or null.
local function check_text(value, node, depth)
  if not node.types.string then
    local ok = pcall(check_document, value, ANY)
    if not ok or find(value, '[%s"{%[]') then refuse("wrong-type", "must be " .. node.type_text, depth) end
    read_value(1, byte(value), node, CLEAR, depth)
    return
  end
  text = value
  local i, length, size = 1, 0, #value
  while i <= size do
    local c = byte(value, i)
    if c < 32 or c == 127 then refuse("malformed-parameter", "has a control character", depth) end
    i = c < 128 and i + 1 or after_multibyte(i, c)
    length = length + 1
  end
  if node.texts and not node.texts[value] then refuse("not-in-enum", "is not one of the allowed values", depth) end
  check_length(node, length, depth)
end

local SEPARATOR = { comma = ",", space = " ", pipe = "|" }

local function split(value, separator)
  local parts, start = {}, 1
  while true do
    local at = find(value, separator, start, true)
    if not at then break end
    parts[#parts + 1] = sub(value, start, at - 1)
    start = at + 1
  end
  parts[#parts + 1] = sub(value, start)
  return parts
end

local function check_parameter(rule, values)
  local node = rule.node
  trail[1] = rule.name
  if rule.array == "" then
    if #values > 1 then refuse("duplicate-parameter", "is given twice", 1) end
    check_text(values[1], node, 1)
    return
  end
  if rule.array ~= "repeat" then
    if #values > 1 then refuse("duplicate-parameter", "is given twice", 1) end
    values = split(values[1], SEPARATOR[rule.array])
  end
  check_items(node, #values, 1)
  for index, value in ipairs(values) do
    trail[2] = index - 1
    check_text(value, node.items, 2)
  end
end

-- A raw semicolon separates for some targets and for others not (the decider says the same).
local function check_query(spec, query)
  local given = {}
  if find(query, ";", 1, true) then
    trail[1] = "query"
    refuse("ambiguous-parameter", "has a raw semicolon", 1)
  end
  for pair in string.gmatch(query, "[^&]+") do
    local at = find(pair, "=", 1, true)
    local name = percent_decoded(at and sub(pair, 1, at - 1) or pair, "query", true)
    local rule = spec.query[name]
    if rule then
      local values = given[name] or {}
      given[name] = values
      values[#values + 1] = percent_decoded(at and sub(pair, at + 1) or "", name, true)
    elseif not spec.open_query then
      trail[1] = sub(name, 1, 64)
      refuse("unknown-parameter", "is not a declared query parameter", 1)
    end
  end
  for name, rule in pairs(spec.query) do
    if given[name] then
      check_parameter(rule, given[name])
    elseif rule.required then
      trail[1] = name
      refuse("missing-parameter", "is a required query parameter", 1)
    end
  end
end

local function check_path(spec, path)
  local values = { match(path, spec.path_pattern) }
  for index, name in ipairs(spec.path_names) do
    local value = values[index]
    trail[1] = name
    if not value then refuse("missing-parameter", "is missing from the path", 1) end
    value = percent_decoded(value, name, false)
    local rule = spec.path[name]
    if rule then
      check_parameter(rule, { value })
    elseif find(value, "%c") then
      refuse("malformed-parameter", "has a control character", 1)
    end
  end
end

local function check_target(spec, target)
  local at = find(target, "?", 1, true)
  local path = at and sub(target, 1, at - 1) or target
  if spec.path_names[1] then check_path(spec, path) end
  check_query(spec, at and sub(target, at + 1) or "")
end

local function check_headers(spec, headers)
  for name, rule in pairs(spec.header) do
    local value = headers:get(name)
    if value then
      check_parameter(rule, { value })
    elseif rule.required then
      trail[1] = name
      refuse("missing-parameter", "is a required header", 1)
    end
  end
end

-- Projections of answers ---------------------------------------------------------------------------------------------------

local LEAVES = { clear = CLEAR, mask = MASKED }

-- `$` in a projection is how a bare value is treated where an object was declared; it is never a property's name.
-- Where only texts, numbers and booleans were declared (`value`) an object never passes, also inside arrays.
local function compile_projection(tree, prefix, path)
  local rule = new_rule(prefix, path)
  rule.members = {}
  if tree == "value" then
    rule.scalar, rule.is_value = true, true
    return rule
  end
  for name, said in pairs(tree) do
    rule.members[name] = LEAVES[said] or compile_projection(said, prefix .. name .. ".", prefix .. name)
  end
  local scalar = rule.members["$"]
  rule.members["$"] = nil
  rule.scalar, rule.masks = scalar ~= nil, scalar == MASKED
  return rule
end

-- `*` is a body without fields.
local function compile_root(tree)
  local rule = compile_projection(tree, "", "$")
  return rule.members["*"] or rule
end

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

local function check_body(handle, spec)
  if (tonumber(handle:headers():get("content-length") or "0") or 0) > spec.max_body then too_large() end
  local buffer = handle:body()
  local length = buffer and buffer:length() or 0
  if length > spec.max_body then too_large() end
  if length == 0 then
    if spec.body_required then refuse("missing-body", "the contract requires a body", 0) end
    return
  end
  if not spec.types[1] then refuse("unexpected-body", "the contract declares no body", 0) end
  check_media(spec, handle:headers())
  if spec.body then check_document(buffer:getBytes(0, length), spec.body) end
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

local function check_request(handle)
  local spec = spec_of(handle)
  if spec.bound and not is_bound_here(handle) then return UNBOUND end
  local headers = handle:headers()
  if spec.reads_target then check_target(spec, headers:get(":path")) end
  if spec.has_headers then check_headers(spec, headers) end
  if spec.reads_body then
    check_body(handle, spec)
  elseif has_body(headers) then
    refuse("unexpected-body", "the contract declares no body", 0)
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

local function check_answer(handle, spec, headers)
  local content_type, encoding = headers:get("content-type"), headers:get("content-encoding")
  local buffer = handle:body()
  local length = buffer and buffer:length() or 0
  if length == 0 then return end
  if encoding and encoding ~= "identity" then refuse("response-encoded", "is encoded", 0) end
  if not content_type or not is_json_answer(content_type) then refuse("response-not-json", "is not JSON", 0) end
  local projection = projection_of(handle, spec)
  if not projection then refuse("response-without-grant", "has no projection", 0) end
  local document = projected(buffer:getBytes(0, length), projection)
  if document then
    buffer:setBytes(document)
    if removal.count > 0 then note(handle, "removed", removal.text) end
  end
end

-- The statuses that end a request.
local FINAL = {}
for status = 200, 599 do FINAL[tostring(status)] = true end

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
    replace_answer(handle, status, "EAS-5599", "The target answered with an error", "The target's own words are not passed on.", "target-error")
    return
  end
  local ok, caught = pcall(check_answer, handle, spec, headers)
  if ok then return end
  local failure = as_failure(caught)
  if not failure then error(caught, 0) end
  replace_answer(handle, "502", "EAS-5502", "The target broke its contract", "The answer of the target " .. failure.message .. ".", "response:" .. failure.reason)
end

function envoy_on_response(handle)
  local ok, caught = pcall(on_answer, handle)
  if ok then return end
  handle:logErr("contract runtime: " .. tostring(caught))
  replace_answer(handle, "502", "EAS-5502", "The target broke its contract", "The answer could not be checked.", "response:runtime")
end
