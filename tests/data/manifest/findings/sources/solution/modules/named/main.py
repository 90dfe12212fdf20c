client.send(os.environ["OUTPUT"], "x")
