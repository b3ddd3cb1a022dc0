-- id: SM-A06 SM-A07 SM-A08
-- title: MLflow, partner app or hub opened for the first time
-- meaning: A link into MLflow, a partner's application or the content of a hub, by somebody who never opened
--   this one.
-- severity: medium
-- attack: T1550.001 T1530
-- atlas: AML.T0012 AML.T0035
-- window: first seen against the baseline
-- needs: management, baseline
-- look-alikes: new members of a team; users of the public model hub
WITH f AS (
  SELECT actor_key, event_name, resource_name, MIN(ts) AS first_ts
  FROM events
  WHERE event_name IN ('CreatePresignedMlflowTrackingServerUrl', 'CreatePresignedMlflowAppUrl', 'CreatePartnerAppPresignedUrl', 'CreateHubContentPresignedUrls')
    AND ok = 1
  GROUP BY actor_key, event_name, resource_name
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' for ' || e.resource_name AS why,
       e.source_ip
FROM f
JOIN events e ON e.actor_key = f.actor_key AND e.event_name = f.event_name AND e.resource_name = f.resource_name AND e.ts = f.first_ts
CROSS JOIN params p
LEFT JOIN (SELECT event_key, 1 AS is_public FROM fields WHERE path = 'hubName' AND value = 'SageMakerPublicHub') h
  ON h.event_key = e.event_key
WHERE p.has_baseline = 1 AND f.first_ts >= p.split AND e.ok = 1 AND h.is_public IS NULL
  AND e.event_name IN ('CreatePresignedMlflowTrackingServerUrl', 'CreatePresignedMlflowAppUrl', 'CreatePartnerAppPresignedUrl', 'CreateHubContentPresignedUrls')
