-- id: AI-T02
-- title: Person sends masses of documents through an AI service
-- meaning: A hundred or more calls of Textract, Comprehend or Rekognition within an hour by a person, by Studio
--   or with a long-term key.
-- severity: medium
-- attack: T1530
-- atlas: AML.T0085
-- window: 1 hour
-- needs: management
-- look-alikes: labelling of data; applications, whose sessions are no person's
WITH h AS (
  SELECT actor_key, event_source, CAST(FLOOR(ts / 3600) AS BIGINT) AS slot, COUNT(*) AS n, MAX(ts) AS ts
  FROM events
  WHERE event_source IN ('textract.amazonaws.com', 'comprehend.amazonaws.com', 'rekognition.amazonaws.com') AND ok = 1 AND invoked_by = ''
    AND (human_key <> '' OR session_name = 'SageMaker' OR access_key_kind = 'AKIA')
  GROUP BY actor_key, event_source, CAST(FLOOR(ts / 3600) AS BIGINT)
)
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       CAST(h.n AS VARCHAR) || ' calls of ' || e.event_source || ' within an hour' AS why,
       h.n AS calls, e.source_ip
FROM h
JOIN events e ON e.actor_key = h.actor_key AND e.event_source = h.event_source AND e.ts = h.ts
WHERE h.n >= 100 AND e.ok = 1 AND e.invoked_by = ''
  AND e.event_source IN ('textract.amazonaws.com', 'comprehend.amazonaws.com', 'rekognition.amazonaws.com')
