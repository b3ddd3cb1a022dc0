-- id: BR-X03 AI-R01 AI-C01
-- title: Model or project of an AI service shared outside
-- meaning: A resource policy of Bedrock, AgentCore, Rekognition or Comprehend lets everybody or another account
--   in.
-- severity: high
-- attack: T1537 T1098
-- atlas: AML.T0048.004
-- window: any
-- needs: management
-- look-alikes: sharing within the account; accounts of the own organisation, which the log does not know
SELECT DISTINCT e.event_id, e.event_time, e.principal_key, e.principal_name, e.human_key,
       e.recipient_account AS account, e.region,
       e.event_name || ' lets another account in: ' || e.resource_name AS why
FROM events e
WHERE e.is_ai = 1 AND e.ok = 1 AND e.policy_external = 1 AND e.event_name IN ('PutResourcePolicy', 'PutProjectPolicy')
