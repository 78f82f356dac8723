-- The circuit breaker. Each call is one step that nothing comes between, by this server's clock, in milliseconds.
--
-- KEYS: one string, JSON; without it the breaker is closed and nothing has failed
--       starts, looks: when each failed, since the last one that went well
--       opened_until, cool_down_ms: while it is open, and then half-open until a probe goes well
--       forgotten_at: when it is closed again because nobody tried
--       refused: true when the account was turned away
--       probe, probe_until: who tries it, and until when nobody else may
-- ARGV: the action, the time ('' takes the server's), and what the action takes
--
-- What the key says is judged by the times in it. Its expiry only clears up, and so comes a moment late, never early.

local LATE, FORGOTTEN_AFTER = 1000, 3600000
local OPENED, CLOSED, UNCHANGED = 1, 2, 0

local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = tonumber(ARGV[2]) or server_time()
local stored = redis.call('GET', KEYS[1])
local breaker = stored and cjson.decode(stored) or {}
if breaker.forgotten_at and breaker.forgotten_at <= now then breaker = {} end

local function save(ms)
  redis.call('SET', KEYS[1], cjson.encode(breaker), 'PX', ms + LATE)
end

-- A provider may still tell of its jobs and take no new ones: that looks go well says nothing of starts.
local function kind_of(holder)
  return holder == '' and 'looks' or 'starts'
end

local function save_open()
  -- What is known of it is worth nothing any more once nobody tried for so long; a probe is a try.
  breaker.forgotten_at = math.max(breaker.opened_until, breaker.probe_until or 0) + FORGOTTEN_AFTER
  save(breaker.forgotten_at - now)
end

local function is_closed()
  return breaker.opened_until == nil
end

local function is_open()
  return breaker.opened_until ~= nil and breaker.opened_until > now
end

local function is_probed_by(holder)
  return breaker.probe ~= nil and breaker.probe == holder
end

local function open(cool_down_ms, longest_ms, refused)
  local doubled = breaker.cool_down_ms and breaker.cool_down_ms * 2 or tonumber(cool_down_ms)
  local ms = math.min(doubled, tonumber(longest_ms))
  breaker = {opened_until = now + ms, cool_down_ms = ms, refused = refused or breaker.refused}
  save_open()
  return OPENED
end

local function count_failure(kind, most, window_ms)
  local recent = {}
  for _, at in ipairs(breaker[kind] or {}) do
    if at > now - tonumber(window_ms) then recent[#recent + 1] = at end
  end
  recent[#recent + 1] = now
  breaker[kind] = recent
  return #recent >= tonumber(most)
end

local actions = {}

-- 0 when the holder may call, else for how long to keep away. When the cool-down is over, one holder may probe.
function actions.ask(holder, lease_ms)
  if is_closed() then return 0 end
  if is_open() then return breaker.opened_until - now end
  local is_taken = breaker.probe ~= nil and breaker.probe_until > now
  if is_taken and not is_probed_by(holder) then return breaker.probe_until - now end
  breaker.probe, breaker.probe_until = holder, now + lease_ms
  save_open()
  return 0
end

-- Whoever was let through before it opened says nothing of how it is now; only its probe does.
function actions.succeeded(holder)
  if stored == false then return UNCHANGED end
  if is_closed() and kind_of(holder) == 'looks' and breaker.starts then
    breaker.looks = nil
    redis.call('SET', KEYS[1], cjson.encode(breaker), 'KEEPTTL')
    return UNCHANGED
  end
  if not is_closed() and (is_open() or not is_probed_by(holder)) then return UNCHANGED end
  redis.call('DEL', KEYS[1])
  return is_closed() and UNCHANGED or CLOSED
end

function actions.failed(holder, most, window_ms, cool_down_ms, longest_ms)
  if is_closed() then
    if count_failure(kind_of(holder), most, window_ms) then return open(cool_down_ms, longest_ms) end
    save(tonumber(window_ms))
    return UNCHANGED
  end
  if is_open() or not is_probed_by(holder) then return UNCHANGED end
  return open(cool_down_ms, longest_ms)
end

function actions.refused(_holder, _most, _window_ms, cool_down_ms, longest_ms)
  if is_open() then return UNCHANGED end
  return open(cool_down_ms, longest_ms, true)
end

-- The call told nothing of the provider: the next one may probe.
function actions.told_nothing(holder)
  if not is_probed_by(holder) then return UNCHANGED end
  -- It was a try all the same: what is known is not forgotten for its sake.
  breaker.probe, breaker.probe_until = nil, now
  save_open()
  return UNCHANGED
end

return actions[ARGV[1]](unpack(ARGV, 3))
