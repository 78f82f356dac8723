-- The provider limiter. Each call is one step that nothing comes between, by this server's clock, in milliseconds.
--
-- KEYS: sem, a sorted set: who holds a slot, until when
--       rpm, a list: when each start of the last 60 seconds was granted (a sliding log, exact to the millisecond)
--       rpd, a hash: UTC day -> starts granted on it (today's field only)
--       penalty, a string: until when nobody may start
-- ARGV: the action, the time ('' takes the server's), and what the action takes; '' as a limit means none
--
-- What a key says is judged by the times in it. Its expiry only clears up, and so comes a moment late, never early.

local sem, rpm, rpd, penalty = unpack(KEYS)
local MINUTE, DAY, SLOT_WAIT, LATE = 60000, 86400000, 1000, 1000

local function server_time()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local now = tonumber(ARGV[2]) or server_time()
local today = math.floor(now / DAY)
local midnight = (today + 1) * DAY

local function keep(key, ms)
  redis.call('PEXPIRE', key, ms + LATE)
end

local function has_lease(holder)
  local ends = tonumber(redis.call('ZSCORE', sem, holder))
  return ends ~= nil and ends > now
end

local function live_leases()
  return redis.call('ZCOUNT', sem, '(' .. string.format('%d', now), '+inf')
end

local function lease(holder, ms)
  redis.call('ZREMRANGEBYSCORE', sem, '-inf', now)
  redis.call('ZADD', sem, 'GT', now + ms, holder)
  keep(sem, redis.call('ZREVRANGE', sem, 0, 0, 'WITHSCORES')[2] - now)
end

local function wait_for_slot(max)
  return live_leases() >= max and SLOT_WAIT or 0
end

local function wait_for_minute(max)
  local oldest = tonumber(redis.call('LINDEX', rpm, 0))
  while oldest and oldest <= now - MINUTE do
    redis.call('LPOP', rpm)
    oldest = tonumber(redis.call('LINDEX', rpm, 0))
  end
  local starts = redis.call('LLEN', rpm)
  if starts < max then return 0 end
  -- The one whose leaving makes room; with a limit of 0 there is none.
  local leaver = tonumber(redis.call('LINDEX', rpm, starts - max)) or now
  return leaver + MINUTE - now
end

local function wait_for_day(max)
  local starts = tonumber(redis.call('HGET', rpd, today)) or 0
  return starts >= max and midnight - now or 0
end

local function wait_for_penalty()
  return (tonumber(redis.call('GET', penalty)) or now) - now
end

local function count_for_minute()
  redis.call('RPUSH', rpm, now)
  keep(rpm, MINUTE)
end

local function count_for_day()
  if redis.call('HEXISTS', rpd, today) == 0 then redis.call('DEL', rpd) end
  redis.call('HINCRBY', rpd, today, 1)
  keep(rpd, midnight - now)
end

local actions = {}

-- 0 when granted, else for how long to wait. A live lease is extended and counted no second time.
function actions.acquire(holder, lease_ms, max_concurrency, max_per_minute, max_per_day)
  local concurrency, per_minute, per_day = tonumber(max_concurrency), tonumber(max_per_minute), tonumber(max_per_day)
  if has_lease(holder) then
    lease(holder, lease_ms)
    return 0
  end
  local wait = math.max(
    wait_for_penalty(),
    concurrency and wait_for_slot(concurrency) or 0,
    per_minute and wait_for_minute(per_minute) or 0,
    per_day and wait_for_day(per_day) or 0
  )
  if wait > 0 then return wait end
  if concurrency or per_minute or per_day then lease(holder, lease_ms) end
  if per_minute then count_for_minute() end
  if per_day then count_for_day() end
  return 0
end

function actions.renew(holder, lease_ms)
  if not has_lease(holder) then return 0 end
  lease(holder, lease_ms)
  return 1
end

function actions.release(holder)
  local was_held = has_lease(holder)
  redis.call('ZREM', sem, holder)
  return was_held and 1 or 0
end

function actions.penalise(ms)
  ms = math.max(tonumber(ms), wait_for_penalty())
  redis.call('SET', penalty, now + ms, 'PX', ms + LATE)
  return ms
end

function actions.count()
  return live_leases()
end

return actions[ARGV[1]](unpack(ARGV, 3))
