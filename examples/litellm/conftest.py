import os

# litellm fetches a list of prices when it is imported; a copy comes with it.
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
