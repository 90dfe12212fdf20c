//! What lies in a solution's folder: module.json, .env, edgectl.yaml, the deployment template.
