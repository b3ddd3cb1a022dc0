-- id: SM-D09
-- title: Access to models looked up in many ways
-- meaning: Three or more different calls within a quarter of an hour that tell which models can be used and
--   whether anybody watches.
-- severity: medium
-- attack: T1526
-- atlas: AML.T0007 AML.T0075
-- window: 15 minutes; first seen against the baseline
-- needs: management, baseline
-- look-alikes: opening the page of Bedrock in the console, in the baseline
WITH w AS (
  SELECT actor_key, CAST(FLOOR(ts / 900) AS BIGINT) AS slot, COUNT(DISTINCT event_name) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source = 'bedrock.amazonaws.com' AND invoked_by = ''
    AND event_name IN ('ListFoundationModels', 'GetFoundationModelAvailability', 'ListInferenceProfiles', 'GetModelInvocationLoggingConfiguration', 'GetUseCaseForModelAccess', 'ListFoundationModelAgreementOffers', 'ListProvisionedModelThroughputs')
  GROUP BY actor_key, CAST(FLOOR(ts / 900) AS BIGINT)
), b AS (
  SELECT w.actor_key, MAX(w.n) AS most FROM w CROSS JOIN params q WHERE w.ts < q.split GROUP BY w.actor_key
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(w.n AS VARCHAR) || ' calls that tell what can be done with models' AS why,
       w.n AS calls, e.source_ip
FROM w
CROSS JOIN params p
LEFT JOIN b ON b.actor_key = w.actor_key
JOIN events e ON e.actor_key = w.actor_key AND e.ts = w.ts
WHERE p.has_baseline = 1 AND w.ts >= p.split AND w.n >= 3 AND w.n > COALESCE(b.most, 0) AND e.event_source = 'bedrock.amazonaws.com'
