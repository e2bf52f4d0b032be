-- Documents for the contract runtime: read strictly, held to a shape, cut to a projection, written in one way.

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
-- it. Where it `treats`, what that function says stands for what would pass. Where it `is_value`, objects do not pass.
local function new_rule(prefix, path)
  return { members = false, scalar = false, treats = false, is_value = false, prefix = prefix, path = path }
end

local CLEAR = new_rule("", "")

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

local function replace(treatment, start, after)
  copy_until(start)
  put(treatment(start, after))
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
  local treated, treated_from, treated_depth = nil, 0, -1
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
        if rule.treats then replace(rule.treats, i, after) end
        i = after
      elseif c == 123 or c == 91 then
        if depth - base >= MAX_DEPTH then refuse("too-deep", "is nested too deeply", 0) end
        check_type(node, c == 123 and "object" or "array", depth)
        check_enum(node, NULL, depth)
        if rule.treats and not rule.members then treated, treated_from, treated_depth = rule.treats, i, depth end
        depth = depth + 1
        frame = open_frame(depth, c, node, rule, i + 1)
        i, c = after_space(i + 1)
        if c ~= frame.close then state = NEXT end
      elseif c == 45 or (c and c >= 48 and c <= 57) then
        local after, plain = after_number(i)
        if node ~= ANY then check_number(node, tonumber(sub(text, i, after - 1)), plain, depth) end
        if rule.treats then replace(rule.treats, i, after) end
        i = after
      elseif c == 116 or c == 102 then
        local after = after_word(i, c == 116 and "true" or "false")
        check_type(node, "boolean", depth)
        check_enum(node, c == 116, depth)
        if rule.treats then replace(rule.treats, i, after) end
        i = after
      elseif c == 110 then
        local after = after_word(i, "null")
        check_type(node, "null", depth)
        check_enum(node, "null", depth)
        if rule.treats and not rule.members then replace(rule.treats, i, after) end
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
        if depth == treated_depth then
          replace(treated, treated_from, i)
          treated_depth = -1
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
  return given
end

local function check_path(spec, path)
  local values = { match(path, spec.path_pattern) }
  local named = {}
  for index, name in ipairs(spec.path_names) do
    local value = values[index]
    trail[1] = name
    if not value then refuse("missing-parameter", "is missing from the path", 1) end
    value = percent_decoded(value, name, false)
    named[name] = value
    local rule = spec.path[name]
    if rule then
      check_parameter(rule, { value })
    elseif find(value, "%c") then
      refuse("malformed-parameter", "has a control character", 1)
    end
  end
  return named
end

-- Returns the values of the path, and those of the query, by name.
local function check_target(spec, target)
  local at = find(target, "?", 1, true)
  local path = at and sub(target, 1, at - 1) or target
  local named = spec.path_names[1] and check_path(spec, path)
  return named, check_query(spec, at and sub(target, at + 1) or "")
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

-- One text for one value -----------------------------------------------------------------------------------------------

-- As interfaces/projection.py writes it: sorted names, no spaces, whole numbers without a fraction. Read from a document
-- that has been checked. Nil where there is none: numbers beyond what a double counts exactly, unless plain integers.

local SHORT_ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\b"] = "\\b", ["\f"] = "\\f",
}
local EXACT, SMALL = 9007199254740992, 2.3e-308

local function canonical_string(value)
  return '"' .. gsub(value, '[%z\1-\31"\\]', function(c) return SHORT_ESCAPES[c] or format("\\u%04x", byte(c)) end) .. '"'
end

local function canonical_number(token, plain)
  if plain then return token == "-0" and "0" or token end
  local value = tonumber(token)
  if value >= EXACT or value <= -EXACT then return nil end
  if value % 1 == 0 then return format("%d", value) end
  -- The shortest text that is read as the same number; the smallest numbers have less than 15 digits.
  for digits = (value < SMALL and value > -SMALL) and 1 or 15, 17 do
    local written = format("%." .. digits .. "g", value)
    if tonumber(written) == value then return written end
  end
end

local canonical_value

local function canonical_members(i, close)
  local parts, count, whole = {}, 0, true
  local c
  i, c = after_space(i + 1)
  while c ~= close do
    if c == 44 then i, c = after_space(i + 1) end
    local name, value
    if close == 125 then
      local after, escaped = after_string(i)
      name = string_value(i, after, escaped)
      i = after_space(after)
      i = after_space(i + 1)
    end
    value, i = canonical_value(i)
    whole = whole and value ~= nil
    count = count + 1
    parts[count] = { name, value }
    i, c = after_space(i)
  end
  return whole and parts, i + 1
end

function canonical_value(i)
  local c = byte(text, i)
  if c == 34 then
    local after, escaped = after_string(i)
    return canonical_string(string_value(i, after, escaped)), after
  elseif c == 123 then
    local members, after = canonical_members(i, 125)
    if not members then return nil, after end
    sort(members, function(one, other) return one[1] < other[1] end)
    for n, member in ipairs(members) do members[n] = canonical_string(member[1]) .. ":" .. member[2] end
    return "{" .. concat(members, ",") .. "}", after
  elseif c == 91 then
    local items, after = canonical_members(i, 93)
    if not items then return nil, after end
    for n, item in ipairs(items) do items[n] = item[2] end
    return "[" .. concat(items, ",") .. "]", after
  elseif c == 116 or c == 110 then
    return c == 116 and "true" or "null", i + 4
  elseif c == 102 then
    return "false", i + 5
  end
  local after, plain = after_number(i)
  return canonical_number(sub(text, i, after - 1), plain), after
end

local function canonical(i) return (canonical_value(i)) end

-- Projections of answers ---------------------------------------------------------------------------------------------------

local function masked() return '"***"' end

-- The last four characters of a text or number of twelve or more (PCI DSS 4.0.1 3.4.1 allows them); less would tell most.
local KEPT, ENOUGH = 4, 12

local function truncated(start, after)
  local c, value = byte(text, start), nil
  if c == 34 then
    local _, escaped = after_string(start)
    value = string_value(start, after, escaped)
  elseif c == 45 or (c >= 48 and c <= 57) then
    value = sub(text, start, after - 1)
    if find(value, "[^%d%-]") then return masked() end
  else
    return masked()
  end
  local starts, count = {}, 0
  for at in string.gmatch(value, "()[^\128-\191]") do
    count = count + 1
    starts[count] = at
  end
  if count < ENOUGH then return masked() end
  return canonical_string("***" .. sub(value, starts[count - KEPT + 1]))
end

local hash_of -- made with the first value that is hashed, for most contracts have none

local function hashed(start)
  if not hash_of then
    local file = assert(io.open(HASH_KEY_FILE, "r"), "the key of field hashes cannot be read")
    local key = gsub(file:read(80) or "", "%s", "")
    file:close()
    if not match(key, "^" .. rep("%x%x", 32) .. "$") then error("the key of field hashes is damaged", 0) end
    hash_of = hmac_sha256((gsub(key, "%x%x", function(two) return char(tonumber(two, 16)) end)))
  end
  local whole = canonical(start)
  return whole and '"' .. hash_of(whole) .. '"' or masked()
end

local function new_leaf(treats)
  local rule = new_rule("", "")
  rule.treats = treats
  return rule
end

local LEAVES = { clear = CLEAR, mask = new_leaf(masked), truncate = new_leaf(truncated), hash = new_leaf(hashed) }

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
  rule.scalar, rule.treats = scalar ~= nil, scalar and scalar.treats or false
  return rule
end

-- `*` is a body without fields.
local function compile_root(tree)
  local rule = compile_projection(tree, "", "$")
  return rule.members["*"] or rule
end
