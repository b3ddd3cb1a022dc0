-- id: SM-E13
-- title: Trail loses the data events of SageMaker
-- meaning: A trail got selectors without a type of SageMaker or Bedrock that selectors before it had.
-- severity: critical
-- attack: T1562.008
-- window: against the selectors before, as far back as the logs go
-- needs: management
-- look-alikes: a trail that never had them; more types instead of fewer. Selectors from before the logs are not
--   known
WITH s AS (
  SELECT e.event_key, e.ts, e.recipient_account, e.region, f.value AS trail
  FROM events e JOIN fields f ON f.event_key = e.event_key
  WHERE f.path = 'trailName' AND e.event_source = 'cloudtrail.amazonaws.com' AND e.event_name = 'PutEventSelectors' AND e.ok = 1
), t AS (
  SELECT DISTINCT s.event_key, s.ts, s.recipient_account, s.region, s.trail, f.value AS kind
  FROM s JOIN fields f ON f.event_key = s.event_key
  WHERE f.value LIKE 'AWS::SageMaker::%' OR f.value LIKE 'AWS::Bedrock%'
), before AS (
  SELECT s.event_key, s.trail, t.kind, MAX(t.ts) AS had_ts
  FROM s JOIN t ON t.recipient_account = s.recipient_account AND t.region = s.region AND t.trail = s.trail
  WHERE t.ts < s.ts
  GROUP BY s.event_key, s.trail, t.kind
), last AS (
  SELECT s.event_key, MAX(o.ts) AS last_ts
  FROM s JOIN s o ON o.recipient_account = s.recipient_account AND o.region = s.region AND o.trail = s.trail
  WHERE o.ts < s.ts
  GROUP BY s.event_key
), lost AS (
  SELECT b.event_key, b.trail, b.kind
  FROM before b
  JOIN last l ON l.event_key = b.event_key
  LEFT JOIN t n ON n.event_key = b.event_key AND n.kind = b.kind
  WHERE b.had_ts = l.last_ts AND n.event_key IS NULL
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       'the trail ' || lost.trail || ' does not log ' || lost.kind || ' any more' AS why
FROM lost
JOIN events e ON e.event_key = lost.event_key
WHERE e.event_source = 'cloudtrail.amazonaws.com' AND e.event_name = 'PutEventSelectors'
