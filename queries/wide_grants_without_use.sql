-- id: RR-09
-- title: Whole services granted and never used
-- meaning: The snapshot grants every action of a service on every resource, and the logs show no use of that
--   service by the principal. No event: the grant itself is the finding.
-- severity: medium
-- attack: T1078.004
-- atlas: -
-- window: the whole window
-- needs: management, snapshot
-- look-alikes: services whose use is logged as data events only: see the coverage
WITH g AS (
  SELECT DISTINCT principal_key, principal_name, principal_account, policy_name, REPLACE(action_pattern, ':*', '') AS service
  FROM grants
  WHERE effect = 'Allow' AND has_condition = 0 AND resource_pattern = '*' AND action_pattern LIKE '%:*'
), u AS (
  SELECT DISTINCT principal_key, SPLIT_PART(action, ':', 1) AS service, 1 AS seen
  FROM usage
)
SELECT '' AS event_id, '' AS event_time, g.principal_key, g.principal_name, '' AS human_key,
       g.principal_account AS account, '' AS region,
       g.policy_name || ' grants ' || g.service || ':* and nothing of it was used' AS why
FROM g
LEFT JOIN u ON u.principal_key = g.principal_key AND u.service = g.service
WHERE u.seen IS NULL
